/* The input is a parcel.  What can be read is written again as it was. */
#include <stdint.h>

#include "base/err.h"
#include "peer/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct buf again = BUF_INIT(PARCEL_MAX);
	struct parcel parcel;

	if (parcel_read(&parcel, text) == 0 &&
	    (!parcel_write(&parcel, &again) ||
		!span_eq(buf_span(&again), text)))
		__builtin_trap();
	buf_free(&again);
	return 0;
}

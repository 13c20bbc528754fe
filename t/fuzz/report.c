/*
 * Any octets as a report, a policy and a file: what is read of a report and
 * written again must be read as the same, with nothing in it that is not
 * printable; a policy judges every object of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/policy.h"
#include "scan/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge(const struct policy *policy, const struct report *report)
{
	enum report_kind kind;
	struct span name;
	size_t at = 0, i, count = 0;

	while (report_next(report, &at, &kind, &name)) {
		policy_judge(policy, kind, name);
		for (i = 0; i < name.len; i++)
			if (name.p[i] < 0x20 || name.p[i] > 0x7e)
				abort();
		count++;
	}
	if (count != report->object_count || at != report->objects.len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span octets = {(const char *)data, size};
	struct buf text = BUF_INIT(REPORT_SIZE_MAX);
	struct buf again = BUF_INIT(REPORT_SIZE_MAX);
	struct report report, copy;
	struct policy policy;
	unsigned line;

	policy_default(&policy, true);
	policy_read(&policy, octets, &line);
	policy_judge(&policy, policy_kind_of_content(octets), octets);
	report_init(&report);
	report_init(&copy);
	if (report_read(&report, octets) == 0) {
		judge(&policy, &report);
		report_write(&report, &text);
		if (text.full || report_read(&copy, buf_span(&text)) < 0)
			abort();
		report_write(&copy, &again);
		if (!span_eq(buf_span(&text), buf_span(&again)))
			abort();
	}
	report_free(&report);
	report_free(&copy);
	policy_free(&policy);
	buf_free(&text);
	buf_free(&again);
	return 0;
}

/* Apart from the rest, so that who does not confine itself is not linked with
 * libseccomp. */
#include <sys/resource.h>

#include "base/sandbox.h"
#include "base/user.h"
#include "seal/openpgp.h"

#define DESCRIPTORS 256 /* that we and gpg may have open */

/* gpg closes all descriptors that it could have, one by one, if it cannot read
 * a list of them; and it cannot where we cannot be traced. */
void
openpgp_confine(void)
{
	user_confine();
	sandbox_limit(RLIMIT_NOFILE, DESCRIPTORS);
	sandbox_deny();
}

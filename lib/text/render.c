#include "text/render.h"

void
render(struct mail *mail, size_t max)
{
	(void)mail, (void)max;
}

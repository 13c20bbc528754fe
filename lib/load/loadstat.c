#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "load/loadstat.h"

struct summary {
	double mean, p50, p99, max; /* milliseconds */
};

void
loadstat_delay(struct loadstat_delays *delays, uint64_t us)
{
	if (delays->len == delays->cap) {
		delays->cap = delays->cap == 0 ? 1024 : 2 * delays->cap;
		delays->us =
		    realloc(delays->us, delays->cap * sizeof(*delays->us));
		if (delays->us == NULL)
			fatal("out of memory");
	}
	delays->us[delays->len++] = us;
}

void
loadstat_free(struct loadstat *stat)
{
	free(stat->greeting.us);
	free(stat->idle_greeting.us);
	free(stat->reply.us);
	free(stat->delivery.us);
}

int
loadstat_status(const struct loadstat *stat)
{
	if (stat->interrupted || stat->deferred > 0 || stat->failed > 0 ||
	    stat->lost > 0)
		return STATUS_DEFER;
	if (stat->refused > stat->expected || stat->wrong > 0)
		return STATUS_REJECT;
	return STATUS_OK;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The smallest delay that percent of all do not exceed. */
static double
percentile(const struct loadstat_delays *delays, unsigned percent)
{
	size_t rank = (delays->len * percent + 99) / 100;

	return (double)delays->us[rank > 0 ? rank - 1 : 0] / 1000;
}

static struct summary
summarize(struct loadstat_delays *delays)
{
	struct summary summary = {0, 0, 0, 0};
	double sum = 0;
	size_t n;

	if (delays->len == 0)
		return summary;
	qsort(delays->us, delays->len, sizeof(*delays->us), compare);
	for (n = 0; n < delays->len; n++)
		sum += (double)delays->us[n];
	summary.mean = sum / (double)delays->len / 1000;
	summary.p50 = percentile(delays, 50);
	summary.p99 = percentile(delays, 99);
	summary.max = percentile(delays, 100);
	return summary;
}

/* Whatever the answer was: what was handled. */
static uint64_t
answered(const struct loadstat *stat)
{
	return stat->accepted + stat->refused + stat->deferred;
}

static double
per_minute(uint64_t count, uint64_t us)
{
	return us == 0 ? 0 : (double)count * 60e6 / (double)us;
}

static void
print_count(const char *name, uint64_t n)
{
	printf("%-20s%10" PRIu64 "\n", name, n);
}

static void
print_delays(const char *name, struct loadstat_delays *delays)
{
	struct summary sum = summarize(delays);

	printf("%-20s%10.1f%10.1f%10.1f%10.1f\n", name, sum.mean, sum.p50,
	    sum.p99, sum.max);
}

void
loadstat_print(struct loadstat *stat)
{
	print_count("messages", stat->messages);
	print_count("accepted", stat->accepted);
	print_count("refused", stat->refused);
	print_count("refused as expected", stat->expected);
	print_count("deferred", stat->deferred);
	print_count("failed", stat->failed);
	if (stat->watched) {
		print_count("delivered", stat->delivered);
		print_count("lost", stat->lost);
	}
	if (stat->idle > 0) {
		print_count("idle connections", stat->idle);
		print_count("closed meanwhile", stat->closed);
		print_count("greeted and kept", stat->up);
	}
	printf("%-20s%10.3f\n", "seconds", (double)stat->us / 1e6);
	printf("%-20s%10.1f\n", "accepted a minute",
	    per_minute(stat->accepted, stat->us));
	printf("%-20s%10.1f\n", "answered a minute",
	    per_minute(answered(stat), stat->us));
	if (stat->watched)
		printf("%-20s%10.1f\n", "delivered a minute",
		    per_minute(stat->delivered, stat->delivered_us));
	printf("\n%-20s%10s%10s%10s%10s\n", "milliseconds", "mean", "p50",
	    "p99", "max");
	print_delays("to the greeting", &stat->greeting);
	if (stat->idle > 0)
		print_delays("the same, idle", &stat->idle_greeting);
	print_delays("to the reply", &stat->reply);
	if (stat->watched)
		print_delays("to the Maildir", &stat->delivery);
}

static void
print_json_delays(const char *name, struct loadstat_delays *delays)
{
	struct summary sum = summarize(delays);

	printf(",\"%s\":{\"mean\":%.3f,\"p50\":%.3f,\"p99\":%.3f,"
	       "\"max\":%.3f}",
	    name, sum.mean, sum.p50, sum.p99, sum.max);
}

void
loadstat_print_json(struct loadstat *stat)
{
	printf("{\"messages\":%" PRIu64 ",\"accepted\":%" PRIu64
	       ",\"refused\":%" PRIu64 ",\"refused_expected\":%" PRIu64
	       ",\"deferred\":%" PRIu64 ",\"failed\":%" PRIu64,
	    stat->messages, stat->accepted, stat->refused, stat->expected,
	    stat->deferred, stat->failed);
	printf(",\"idle\":%" PRIu64 ",\"idle_closed\":%" PRIu64
	       ",\"idle_up\":%" PRIu64 ",\"seconds\":%.6f"
	       ",\"accepted_per_minute\":%.1f,\"answered_per_minute\":%.1f",
	    stat->idle, stat->closed, stat->up, (double)stat->us / 1e6,
	    per_minute(stat->accepted, stat->us),
	    per_minute(answered(stat), stat->us));
	printf(",\"greeted\":%zu,\"idle_greeted\":%zu", stat->greeting.len,
	    stat->idle_greeting.len);
	print_json_delays("greeting_ms", &stat->greeting);
	print_json_delays("idle_greeting_ms", &stat->idle_greeting);
	print_json_delays("reply_ms", &stat->reply);
	if (stat->watched) {
		printf(",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64
		       ",\"delivered_seconds\":%.6f"
		       ",\"delivered_per_minute\":%.1f",
		    stat->delivered, stat->lost,
		    (double)stat->delivered_us / 1e6,
		    per_minute(stat->delivered, stat->delivered_us));
		print_json_delays("delivery_ms", &stat->delivery);
	}
	printf("}\n");
}

void
loadstat_progress(const struct loadstat *stat, uint64_t us)
{
	fprintf(stderr,
	    "\r%" PRIu64 " begun, %" PRIu64 " accepted, %" PRIu64
	    " not, %.0f accepted a minute \033[K",
	    stat->messages, stat->accepted,
	    stat->refused + stat->deferred + stat->failed,
	    per_minute(stat->accepted, us));
}

void
loadstat_progress_end(void)
{
	fputs("\r\033[K", stderr);
}

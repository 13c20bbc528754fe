/*
 * test: checks for unit tests.  Each module has a file of its own with a main()
 * that calls its tests by TEST(name) and returns test_end().
 */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <stdio.h>
#include <stdlib.h>

static int test_failures;
static int test_count;

#define CHECK(condition)                                                      \
	do {                                                                  \
		if (!(condition)) {                                           \
			printf(                                               \
			    "# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			test_failures++;                                      \
		}                                                             \
	} while (0)

/* Runs the function test_name() and prints a TAP line. */
#define TEST(name)                                                            \
	do {                                                                  \
		int before_ = test_failures;                                  \
		test_##name();                                                \
		printf("%s %d - %s\n",                                        \
		    test_failures == before_ ? "ok" : "not ok", ++test_count, \
		    #name);                                                   \
		fflush(stdout);                                               \
	} while (0)

static inline int
test_end(void)
{
	printf("1..%d\n", test_count);
	return test_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif

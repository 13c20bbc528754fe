/*
 * huge: memory in pages of megabytes.
 *
 * A fork copies a table of all pages that a process has.  With pages of 2 MB in
 * place of 4 KB that of half a gigabyte takes 0.3 ms and not 10.
 */
#ifndef BASE_HUGE_H
#define BASE_HUGE_H

/* Has the kernel move the memory that this process has now, and that belongs to
 * no file, into huge pages, as far as it can (madvise(2), MADV_COLLAPSE; Linux
 * 6.1).  Reads /proc.  It is no loss if it cannot. */
void huge_collapse(void);

#endif

// SPDX-License-Identifier: Apache-2.0
// The allocator's entrances with a counter before each. They stand in the program itself, so that the linker prefers them
// to libc's for everything that is linked to it, Swift's runtime and the shared libraries included.

#include "allocation_count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static _Thread_local uint64_t of_thread;
static _Atomic uint64_t of_process;

static void count(void) {
    of_thread += 1;
    atomic_fetch_add_explicit(&of_process, 1, memory_order_relaxed);
}

uint64_t allocations_of_thread(void) { return of_thread; }
uint64_t allocations_of_process(void) { return atomic_load_explicit(&of_process, memory_order_relaxed); }

#if defined(__GLIBC__)
#include <malloc.h>

uint64_t heap_bytes_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#else
uint64_t heap_bytes_in_use(void) { return 0; }
#endif

#if defined(__GLIBC__) || defined(__linux__)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
    count();
    void *found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *place = found;
    return 0;
}

#endif

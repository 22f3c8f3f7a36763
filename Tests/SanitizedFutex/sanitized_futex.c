// SPDX-License-Identifier: Apache-2.0
// For runs under thread sanitizer alone (`make races`). Where threads meet at one of Swift's mutexes, the kernel hands it
// from one to the other by FUTEX_UNLOCK_PI and FUTEX_LOCK_PI, which the sanitizer does not see: it takes what the mutex
// protects for a race. This stands before libc's syscall() and tells it.
#define _GNU_SOURCE
#include "sanitized_futex.h"

#if defined(__linux__)
#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

typedef long (*system_call)(long, long, long, long, long, long, long);

long syscall(long number, ...) {
    static _Atomic(system_call) original;
    system_call next = atomic_load(&original);
    if (next == 0) {
        next = (system_call)dlsym(RTLD_NEXT, "syscall");
        atomic_store(&original, next);
    }
    long a[6];
    va_list list;
    va_start(list, number);
    for (int index = 0; index < 6; index++) a[index] = va_arg(list, long);
    va_end(list);

    long operation = number == SYS_futex ? (a[1] & FUTEX_CMD_MASK) : -1;
    if (operation == FUTEX_UNLOCK_PI && __tsan_release) __tsan_release((void *)a[0]);
    long result = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (operation == FUTEX_LOCK_PI && result == 0 && __tsan_acquire) __tsan_acquire((void *)a[0]);
    return result;
}
#endif

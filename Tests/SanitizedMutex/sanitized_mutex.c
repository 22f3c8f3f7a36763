// SPDX-License-Identifier: Apache-2.0
// For runs under thread sanitizer alone (`make races`). Where threads meet at one of Swift's mutexes, they go through
// functions of the standard library, which is built without the sanitizer: it does not see the lock change hands and
// takes what the mutex protects for a race, in a loop of five lines as well. These stand before the library's own, call
// them, and tell the sanitizer. A mutex that nobody waits for is taken by an atomic operation in our code, which it sees.
#define _GNU_SOURCE
#include "sanitized_mutex.h"

#if defined(__linux__) && defined(__clang__)
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

#define SELF __attribute__((swift_context)) void *mutex
#define SWIFT __attribute__((swiftcall))

// Synchronization._MutexHandle._lockSlow(_: UInt32), ._tryLockSlow() -> Bool and ._unlockSlow().
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*lock_function)(uint32_t thread, SELF);
typedef SWIFT bool (*try_lock_function)(SELF);
typedef SWIFT void (*unlock_function)(SELF);

SWIFT void sonde_lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool sonde_try_lock(SELF) __asm__(TRY_LOCK);
SWIFT void sonde_unlock(SELF) __asm__(UNLOCK);

SWIFT void sonde_lock(uint32_t thread, SELF) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT bool sonde_try_lock(SELF) {
    bool isLocked = ((try_lock_function)dlsym(RTLD_NEXT, TRY_LOCK))(mutex);
    if (isLocked && __tsan_acquire) __tsan_acquire(mutex);
    return isLocked;
}

SWIFT void sonde_unlock(SELF) {
    if (__tsan_release) __tsan_release(mutex);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
#endif

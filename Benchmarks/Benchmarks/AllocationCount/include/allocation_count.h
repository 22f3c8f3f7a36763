// SPDX-License-Identifier: Apache-2.0
// How often the calling thread, and the process, have asked the system's allocator for memory.

#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

uint64_t allocations_of_thread(void);
uint64_t allocations_of_process(void);

#endif

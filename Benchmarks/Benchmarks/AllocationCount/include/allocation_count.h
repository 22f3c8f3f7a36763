// SPDX-License-Identifier: Apache-2.0
// How often the calling thread, and the process, have asked the system's allocator for memory, and
// how much of it is in use.

#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

uint64_t allocations_of_thread(void);
uint64_t allocations_of_process(void);

// Bytes that the process has and has not given back, of all arenas and of mappings of their own; 0 where libc does not say.
uint64_t heap_bytes_in_use(void);

#endif

// SPDX-License-Identifier: Apache-2.0
// See Sonde's file of this name. Empty but for runs under thread sanitizer.

#if SONDE_THREAD_SANITIZER
    import Sonde

    typealias Mutex<Value: ~Copyable> = SanitizedMutex<Value>
#endif

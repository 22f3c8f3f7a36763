// SPDX-License-Identifier: Apache-2.0
// A lock with two bells, for a thread that sleeps until there is work and for those who wait until it is done, and the
// start of such a thread.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Mutex and conditions of the system: `Synchronization.Mutex` has nothing to wait on.
struct ThreadLock: @unchecked Sendable {  // Made for being shared: every call is the system's own.
    private final class Memory {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() {
            mutex.initialize(to: pthread_mutex_t())
            work.initialize(to: pthread_cond_t())
            done.initialize(to: pthread_cond_t())
            pthread_mutex_init(mutex, nil)
            #if canImport(Darwin)
                pthread_cond_init(work, nil)
                pthread_cond_init(done, nil)
            #else
                var attributes = pthread_condattr_t()
                pthread_condattr_init(&attributes)
                pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
                pthread_cond_init(work, &attributes)
                pthread_cond_init(done, &attributes)
                pthread_condattr_destroy(&attributes)
            #endif
        }

        deinit {
            pthread_cond_destroy(work)
            pthread_cond_destroy(done)
            pthread_mutex_destroy(mutex)
            work.deallocate()
            done.deallocate()
            mutex.deallocate()
        }
    }

    private let memory: Memory
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        memory = Memory()
        mutex = memory.mutex
    }

    @inline(__always)
    func lock() { pthread_mutex_lock(mutex) }
    @inline(__always)
    func unlock() { pthread_mutex_unlock(mutex) }

    /// Wakes the thread that waits for work.
    func signal() { pthread_cond_signal(memory.work) }
    /// Wakes all who wait for its end.
    func broadcastDone() { pthread_cond_broadcast(memory.done) }

    /// Waits for work. The lock is given back meanwhile; whoever waits looks again, for it may be woken for nothing.
    func wait() { pthread_cond_wait(memory.work, mutex) }
    func wait(milliseconds: Int) { wait(memory.work, milliseconds) }
    func waitDone(milliseconds: Int) { wait(memory.done, milliseconds) }

    private func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>, _ milliseconds: Int) {
        // A wait by the time of day would last for hours when somebody sets the clock back.
        #if canImport(Darwin)
            let start = LogClock.now
        #else
            let start = LogClock.monotonic
        #endif
        let end = start &+ UInt64(max(0, milliseconds)) &* 1_000_000
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &time)
    }
}

enum ThreadStart {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a thread of its own that nobody joins; returns whether there is one.
    static func detached(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Body(body)).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        guard pthread_create(&thread, nil, entry, box) == 0 else {
            Unmanaged<Body>.fromOpaque(box).release()
            return false
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
        return true
    }

    #if canImport(Darwin)
        private static let entry: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { start($0) }
    #else
        private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            $0.flatMap { start($0) }
        }
    #endif

    private static func start(_ box: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        BrokenPipe.blockAllSignals()
        Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run()
        return nil
    }
}

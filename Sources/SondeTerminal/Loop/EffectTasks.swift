// SPDX-License-Identifier: Apache-2.0
// The work a program asked for, under its keys. Tasks have the loop for their parent: it cancels all when it ends, but
// does not wait, since a person who quits should not wait for a server that doesn't answer. That is why they are no group.

struct EffectTasks<Message: Sendable> {
    /// A message and the task it comes from.
    struct Result: Sendable {
        let number: Int
        let message: Message?
    }

    private let post: @Sendable (Result) -> Void
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var numbers: [String: Int] = [:]
    private var keys: [Int: String] = [:]
    private var last = 0

    init(_ post: @escaping @Sendable (Result) -> Void) { self.post = post }

    mutating func run(_ key: String?, _ work: @escaping @Sendable () async -> Message?) {
        if let key { cancel(key) }
        last += 1
        let number = last
        if let key { (numbers[key], keys[number]) = (number, key) }
        tasks[number] = Task { [post] in post(Result(number: number, message: await work())) }
    }

    mutating func cancel(_ key: String) {
        guard let number = numbers.removeValue(forKey: key) else { return }
        keys[number] = nil
        tasks.removeValue(forKey: number)?.cancel()
    }

    /// The message of a task that has ended; nil if it was cancelled meanwhile.
    mutating func message(of result: Result) -> Message? {
        guard tasks.removeValue(forKey: result.number) != nil else { return nil }
        if let key = keys.removeValue(forKey: result.number) { numbers[key] = nil }
        return result.message
    }

    mutating func cancelAll() {
        for task in tasks.values { task.cancel() }
        tasks.removeAll()
    }
}

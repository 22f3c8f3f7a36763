// SPDX-License-Identifier: Apache-2.0
// What the library costs the service that uses it, row by row beside the bar that it is built to.
//
//   Library [--table] [FILTER]    only rows whose name contains FILTER; --table: for `Benchmarks/run` to read

@main
struct Library {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        let bench = Bench(filter: words.first { $0 != "--table" } ?? "", printsTable: words.contains("--table"))
        // First: memory that other rows had and gave back would not be seen to grow.
        memory(bench)
        tracing(bench)
        metrics(bench)
        logs(bench)
        try await HummingbirdRows.run(bench)
    }
}

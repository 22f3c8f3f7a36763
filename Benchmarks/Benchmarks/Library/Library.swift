// SPDX-License-Identifier: Apache-2.0
// What the library costs the service that uses it, row by row beside the bar that it is built to.
//
//   Library [FILTER]    only rows whose name contains FILTER

@main
struct Library {
    static func main() async throws {
        let bench = Bench(filter: CommandLine.arguments.dropFirst().first ?? "")
        tracing(bench)
        metrics(bench)
        logs(bench)
        try await HummingbirdRows.run(bench)
    }
}

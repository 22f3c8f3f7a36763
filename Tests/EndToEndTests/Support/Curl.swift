// SPDX-License-Identifier: Apache-2.0
// curl and jq as a person at a shell uses them: what is typed is what docs show.

import Foundation

/// What curl saw.
struct CurlAnswer: Sendable {
    let status: Int
    let contentType: String
    let body: String
}

/// Calls to one server.
struct Curl: Sendable {
    let url: String
    let scratch: ScratchFolder

    /// `curl URL/path arguments…`
    func callAsFunction(_ path: String, _ arguments: [String] = []) async throws -> CurlAnswer {
        let told = ["-sS", "--max-time", "60", "-w", "\n%{http_code} %{content_type}"]
        let run = try await ProgramRun.toEnd("/usr/bin/env", ["curl"] + told + arguments + [url + path], in: scratch)
        guard run.status == 0 else {
            throw UnexpectedAnswer(
                description: "curl \(arguments) \(path) ended with \(run.status): \(run.standardError)")
        }
        let end = run.standardOutput.lastIndex(of: "\n") ?? run.standardOutput.startIndex
        let words = run.standardOutput[end...].dropFirst().split(separator: " ", maxSplits: 1)
        return CurlAnswer(
            status: words.first.flatMap { Int($0) } ?? 0, contentType: words.count == 2 ? String(words[1]) : "",
            body: String(run.standardOutput[..<end]))
    }

    /// `curl -f URL/path | jq -rc filter`: what jq printed, without the last line break.
    func jq(_ filter: String, _ path: String) async throws -> String {
        let answer = try await self(path)
        guard answer.status == 200 else {
            throw UnexpectedAnswer(description: "\(path) answered \(answer.status): \(answer.body)")
        }
        return try await Self.jq(filter, answer.body, in: scratch)
    }

    static func jq(_ filter: String, _ json: String, in scratch: ScratchFolder) async throws -> String {
        let file = try scratch.write(json, to: "\(UInt64.random(in: 0 ... .max)).json")
        let run = try await ProgramRun.toEnd("/usr/bin/env", ["jq", "-rc", filter, file], in: scratch)
        guard run.status == 0 else {
            throw UnexpectedAnswer(description: "jq '\(filter)' ended with \(run.status): \(run.standardError)\(json)")
        }
        return String(run.standardOutput.dropLast())
    }
}

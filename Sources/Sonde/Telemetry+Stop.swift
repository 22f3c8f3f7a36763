// SPDX-License-Identifier: Apache-2.0
// The last words: what was recorded and not delivered, told once, with numbers.

import Logging

extension Telemetry {
    /// Says on the log what was lost since the start, if anything was; on standard error if lines are written nowhere, or
    /// nobody reads them.
    func reportLosses(isLogStuck: Bool = false) {
        let losses = self.losses
        guard !losses.isEmpty else { return }
        let output = configuration.logOutput
        if output == .none || (isLogStuck && output != .standardError) {
            let text = losses.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            StandardError.write("sonde: telemetry of \(configuration.serviceName) was lost: \(text)\n")
        } else {
            let metadata = losses.mapValues { Logger.MetadataValue.stringConvertible($0) }
            localLogger(label: "sonde.export").warning("telemetry was lost", metadata: metadata)
        }
    }

    /// `traces.queue_full`: 12, without the reasons that never occurred.
    var losses: [String: UInt64] {
        var losses: [String: UInt64] = [:]
        for queue in [traceQueue, logQueue].compactMap({ $0 }) {
            for loss in queue.losses { losses["\(queue.signal.rawValue).\(loss.reason.rawValue)"] = loss.count }
        }
        for reason in LogDropReason.allCases where droppedLineCount(reason) > 0 {
            losses["log_lines.\(reason.rawValue)"] = droppedLineCount(reason)
        }
        return losses
    }
}

enum StandardError {
    /// As much as is taken at once: nobody waits for a terminal to say that something was lost.
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            LogFile(descriptor: 2).write(raw, at: LogClock.now, urgency: .last)
        }
    }
}

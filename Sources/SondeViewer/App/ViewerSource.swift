// SPDX-License-Identifier: Apache-2.0
// Where answers come from: the readers of a collector or file, and what only the program around the screens can do.
// The one place in which the viewer waits for anything.

package import SondeModel
package import SondeStorage

/// All that is asked of a source.
package typealias ViewerReaders = TraceReader & LogReader & ActivityReader & TracePins

/// A question that another room answers: what the doctor finds.
package typealias Examiner =
    @Sendable (any ViewerReaders, TraceQuery, Timestamp) async throws(ReadError) -> (
        findings: [Finding], sample: TraceSample
    )

package struct ViewerSource: Sendable {
    /// For people: the URL of a collector, or the path of a file.
    package var name: String
    /// As it was given on the command line, for commands that are shown: ` --db ./data`, or nothing.
    package var arguments: String
    let open: @Sendable () async throws(ReadError) -> any ViewerReaders
    let examine: Examiner?
    /// Writes an export and returns where it lies.
    let save: (@Sendable (ViewerExport) async throws(ReadError) -> String)?

    /// - Parameter open: gives the readers; asked again as long as it throws.
    package init(
        name: String, arguments: String,
        examine: Examiner? = nil,
        save: (@Sendable (ViewerExport) async throws(ReadError) -> String)? = nil,
        open: @escaping @Sendable () async throws(ReadError) -> any ViewerReaders
    ) {
        self.name = name
        self.arguments = arguments
        self.open = open
        self.examine = examine
        self.save = save
    }
}

/// What `E` writes to a file.
package enum ViewerExport: Sendable {
    /// As OTLP's JSON.
    case trace(Trace)
    /// As OTLP's JSON, a record a line.
    case logs([LogRecord])
    case traces(TracePage)
    case graph(ServiceGraph)
    case activity([ActivitySeries])
    case difference(TraceDifference)
    /// Text under a file name of its own.
    case text(name: String, String)
}

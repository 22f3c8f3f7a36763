// SPDX-License-Identifier: Apache-2.0
// Every number that bounds something in this room, with its unit and its reason.

enum Limits {
    /// Times. Deflate cannot shrink further (258 bytes in two bits), so a larger claim in a gzip trailer is a lie and
    /// must not be allocated.
    static let deflateRatio = 1032
    /// Bytes of a gzip member's header and trailer.
    static let smallestGzipMember = 18
    /// Bytes. Room to begin inflating with, where the trailer promises less or nothing.
    static let smallestInflation = 256
    /// Bytes. Places in a body are kept in 32 bits. Listeners set limits far below.
    static let maxBodySize = Int(UInt32.max)
    /// Bytes of an item on the wire, to reserve room for the index: real spans have 300 to 800.
    static let typicalItemSize = 400
    /// Malformed spans of a Zipkin body that are left out before the whole body is refused: no sender has more, and each
    /// costs a message that nobody reads.
    static let maxLeftOutSpans = 10_000
    /// Bytes of a rejected item's name that its sender is told.
    static let maxQuotedTitle = 64
    /// Attributes. Up to here comparing every two keys is cheaper than building a set of them.
    static let maxPairwiseKeys = 16
    /// Levels of children in the tree answer. Common JSON readers stop not far beyond: each level is two of theirs.
    static let maxNestedLevels = 60
    /// Resources and scopes whose JSON is kept while one answer is written; a trace rarely has more at once.
    static let maxSharedParts = 32
    /// Levels of arrays and objects that a JSON text may have where they are read. The deepest OTLP body that is taken,
    /// ``ProtobufReader/maxValueDepth`` maps in one another, has 412.
    static let maxJSONDepth = 512
    /// Characters of one JSON number: more digits than any double needs to be exact (767) and room to spare.
    static let maxJSONNumberSize = 1_024
    /// Values in a JSON tree: some 500 MB of them, made of 40 MB of text that is nothing but `[0,0,0…`.
    static let maxJSONValues = 20_000_000
    /// Bytes that a stream of gzip gives at a time.
    static let inflatedStep = 256 * 1024
    /// Bytes of a file that its format is told by. Binary formats show themselves in the first few.
    static let formatSample = 4_096
    /// Bytes of one piece of a file: a line, a Jaeger trace, the spans of one resource. All of it is in memory at once,
    /// several times over while it is decoded; the largest trace that a viewer still draws has some 50 MB.
    static let maxPieceBytes = 64 * 1024 * 1024
    /// Levels of brackets in a file: beyond any format, and what is refused costs no more than its bytes.
    static let maxFileDepth = 4_096
    /// Stretches of a critical path, adjustments, and places of a difference in one answer, some 250 B each: a trace of
    /// 100 000 spans would be 40 MB that nobody reads. What is left out is counted.
    static let maxAnalysisRows = 10_000
}

// SPDX-License-Identifier: Apache-2.0
// Arrows between rooms point down only. The table is the house's plan; ARCHITECTURE.md draws it.

import Testing

@Suite("Arrows")
struct ArrowTests {
    /// What each room may import of ours. CZlib is the system's zlib.
    static let mayImport: [String: Set<String>] = [
        "SondeModel": [],
        "SondeWire": ["SondeModel", "CZlib"],
        "SondeAnalysis": ["SondeModel"],
        "SondeStorage": ["SondeModel"],
        "SondePipeline": ["SondeModel", "SondeStorage", "SondeAnalysis"],
        "SondeTerminal": [],
        "SondeSQLite": ["SondeModel", "SondeStorage", "CZlib"],
        "Sonde": ["SondeModel", "SondeWire"],
        "SondeServer": ["SondeModel", "SondeWire", "SondePipeline", "SondeStorage", "SondeAnalysis", "Sonde"],
        "SondeViewer": ["SondeModel", "SondeTerminal", "SondeStorage", "SondeAnalysis"],
        "SondeClient": ["SondeModel", "SondeStorage", "SondeWire"],
        "SondeHummingbird": ["SondeModel", "SondeWire", "Sonde"],
        "SondeTesting": ["SondeModel", "SondeWire", "Sonde"],
        "SondeGRDB": ["Sonde"],
        "SondeGRPC": ["Sonde"],
        "SondeCLI": [
            "SondeModel", "SondeWire", "SondeAnalysis", "SondeStorage", "SondePipeline", "SondeTerminal", "SondeSQLite",
            "SondeServer", "SondeViewer", "SondeClient", "Sonde",
        ],
    ]

    /// What a room must never know, whoever made it.
    static let mustNotKnow: [String: Set<String>] = [
        "SondeModel": ["Foundation", "FoundationEssentials", "NIOCore", "GRDB", "Hummingbird"],
        "SondeWire": ["Foundation", "FoundationEssentials", "NIOCore", "GRDB", "Hummingbird"],
        "SondeAnalysis": ["Foundation", "FoundationEssentials", "NIOCore", "GRDB", "Hummingbird"],
        "SondeStorage": ["Foundation", "FoundationEssentials", "NIOCore", "GRDB", "GRDBSQLite", "Hummingbird"],
        "SondeSQLite": ["NIOCore", "NIOHTTP1", "Hummingbird", "AsyncHTTPClient"],
        "SondePipeline": ["NIOCore", "NIOHTTP1", "GRDB", "GRDBSQLite", "Hummingbird"],
        "SondeServer": ["GRDB", "GRDBSQLite"],
        "SondeViewer": ["NIOCore", "GRDB", "GRDBSQLite", "Hummingbird", "AsyncHTTPClient"],
        "SondeTerminal": ["NIOCore", "GRDB", "Hummingbird"],
    ]

    static let ours = Set(mayImport.keys).union(["SondeTestKit", "CZlib"])

    @Test(arguments: mayImport.keys.sorted())
    func roomImportsOnlyWhatThePlanAllows(room: String) {
        let files = House.files(in: "Sources/\(room)")
        #expect(!files.isEmpty, "the room \(room) is empty")
        let allowed = Self.mayImport[room, default: []]
        let forbidden = Self.mustNotKnow[room, default: []]
        for file in files {
            for module in file.imports where module != room {
                #expect(!Self.ours.contains(module) || allowed.contains(module), "\(file) imports \(module)")
                #expect(!forbidden.contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test func everyFolderUnderSourcesIsARoomOfThePlan() {
        let rooms = Set(House.files(in: "Sources").map(\.room))
        #expect(rooms == Set(Self.mayImport.keys))
    }

    @Test func demoImportsPublicRoomsOnly() {
        for file in House.files(in: "demo") {
            for module in file.imports where Self.ours.contains(module) {
                #expect(House.publicRooms.contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test func onlyTestsImportTheTestKit() {
        for file in House.files(in: "Sources", "demo") {
            #expect(!file.imports.contains("SondeTestKit"), "\(file) imports SondeTestKit")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// The writer's dictionaries: bounds, and ids that are given again.

import SondeModel
import Testing

@testable import SondeSQLite

@Suite("Dictionaries of names") struct NameTablesTests {
    private func service(_ name: String, _ names: inout NameTables) -> Int {
        Array(name.utf8).withUnsafeBufferPointer { names.service($0) }
    }

    private func operation(_ name: String, _ names: inout NameTables, service: Int = 1) -> Int? {
        Array((name + "x").utf8).withUnsafeBufferPointer { bytes in
            bytes.baseAddress.flatMap {
                names.operation(service: service, kind: .server, name: $0, count: name.utf8.count)
            }
        }
    }

    @Test func servicesPastTheBoundShareOneName() {
        var names = NameTables()
        for number in 1...Limits.services { #expect(service("service \(number)", &names) == number) }
        let overflow = service("one more", &names)
        #expect(overflow == Limits.services + 1)
        #expect(service("and another", &names) == overflow)
        #expect(service("service 77", &names) == 77)
        #expect(String(decoding: names.services.bytes(overflow - 1), as: UTF8.self) == NameTables.overflowName)
    }

    @Test func namesOfServicesPastTheBoundOfBytesShareOne() {
        var names = NameTables()
        let long = String(repeating: "s", count: Limits.serviceBytes / 4)
        let ids = (0..<6).map { service("\($0)" + long, &names) }
        #expect(Set(ids).count == 4)
        #expect(ids[3] == ids[5])
        #expect(service("0" + long, &names) == ids[0])
    }

    @Test func aMissingNameHasOneOfItsOwn() {
        var names = NameTables()
        #expect(service("", &names) == service(Resource.unknownService, &names))
    }

    @Test func operationsPastTheBoundAreNamelessUntilSomeAreFreed() {
        var names = NameTables()
        for number in 1...Limits.operations { _ = operation("op \(number)", &names) }
        #expect(operation("one more", &names) == nil)
        #expect(operation("op 5", &names) == 5)
        let nameless = names.namelessOperation(service: 1, kind: .server)
        #expect(nameless == Limits.operations + 1)
        names.markStored()
        names.operations.release([4, 5])
        #expect(operation("one more", &names) == 6)
        #expect(operation("op 5", &names) == nil, "the nameless one counts as well")
        #expect(operation("op 7", &names) == 7)
    }

    @Test func bytesOfFreedNamesCountNoLongerOnceTheyAreGone() {
        var names = NameTables()
        let long = String(repeating: "n", count: Limits.operationBytes / 4)
        for number in 0..<4 { _ = operation("\(number)" + long, &names) }
        #expect(operation("more", &names) != nil)
        #expect(operation("4" + long, &names) == nil)
        names.markStored()
        names.operations.release([0])
        names.operations.compact()
        #expect(operation("4" + long, &names) == 1)
        for number in 1..<3 { #expect(operation("\(number)" + long, &names) == number + 1) }
    }

    @Test func aFailedCommitTakesFreedIDsBackAsWell() {
        var names = NameTables()
        for number in 1...9 { _ = operation("op \(number)", &names) }
        names.markStored()
        names.operations.release([2, 3])
        let given = (0..<4).map { operation("new \($0)", &names) }
        #expect(given == [4, 3, 10, 11])
        #expect(names.newOperations == [3, 2, 9, 10])
        var hasReused = names.hasReused
        #expect(hasReused)
        names.rollBack()
        hasReused = names.hasReused
        #expect(names.newOperations == [] && !hasReused)
        let bytes = names.operations.byteCount
        #expect(bytes == 7 * "op 1".utf8.count, "what a failed commit brought takes no room")
        #expect(operation("new 3", &names).map { [3, 4].contains($0) } == true)
        #expect(operation("op 9", &names) == 9)
        #expect(operation("op 3", &names).map { [3, 4].contains($0) } == true)
        #expect(operation("op 4", &names) == 10)
    }
}

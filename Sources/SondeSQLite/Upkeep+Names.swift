// SPDX-License-Identifier: Apache-2.0
// Names that no block uses any longer, because retention has let go of all that bore them, are taken out of the
// dictionaries: lists of operations then show what there is, and senders that come and go cannot fill the bounds for good.

import SondeModel
import SondeStorage

extension Upkeep {
    /// Frees unused names, if retention has let go of something since the last time and that was long enough ago.
    func collectNames(atOnce: Bool = false) async throws {
        guard hasPruned, atOnce || lastCollection.duration(to: .now) >= Limits.nameCollectionInterval else { return }
        lastCollection = .now
        await writer.watchNames()
        do { hasPruned = try await !freeUnusedNames() } catch {
            await writer.stopWatchingNames()
            throw error
        }
        await writer.stopWatchingNames()
    }

    /// False where a block could not be asked what it uses.
    private func freeUnusedNames() async throws -> Bool {
        guard let unused = try read({ file in Self.unusedNames(file) }) else { return false }
        let operations = Array(unused.operations)
        for start in stride(from: 0, to: operations.count, by: Limits.namesFreed) {
            let slice = operations[start..<min(start + Limits.namesFreed, operations.count)]
            try await writer.freeNames(UsedNames(operations: Set(slice)))
        }
        let services = Array(unused.services)
        for start in stride(from: 0, to: services.count, by: Limits.namesFreed) {
            let slice = services[start..<min(start + Limits.namesFreed, services.count)]
            try await writer.freeNames(UsedNames(services: Set(slice)))
        }
        return true
    }

    /// The names that no block of the snapshot uses; nil if a block cannot be asked.
    private static func unusedNames(_ file: BlockFile) -> UsedNames? {
        let names = file.catalog.names
        var unused = UsedNames()
        for id in 1...max(1, names.operations.count) where names.operation(id)?.isSpare == false {
            unused.operations.insert(id)
        }
        for id in 1...max(1, names.services.count) where !names.service(id).isEmpty { unused.services.insert(id) }
        for block in file.catalog.blocks {
            guard let head = try? file.head(block) else { return nil }
            unused.operations.subtract(head.operations)
            for zone in block.zones { unused.services.remove(zone.service) }
        }
        for block in file.catalog.logBlocks { for zone in block.zones { unused.services.remove(zone.service) } }
        return unused
    }
}

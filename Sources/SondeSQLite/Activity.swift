// SPDX-License-Identifier: Apache-2.0
// What spans come to, from the columns of blocks.

package import SondeStorage

extension SQLiteReader {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        throw .unsupported("this store can't tell a service graph")
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        throw .unsupported("this store can't tell activity")
    }
}

extension SQLiteStore {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        try await reader.serviceGraph(query)
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try await reader.activity(query)
    }
}

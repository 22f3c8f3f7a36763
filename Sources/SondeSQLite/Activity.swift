// SPDX-License-Identifier: Apache-2.0
// What spans come to, from the columns of blocks.

package import SondeModel
package import SondeStorage

extension SQLiteReader {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        try await pool.read { file throws(ReadError) in try GraphCount.run(query, in: file) }
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try await pool.read { file throws(ReadError) in try ActivityCount.run(query, in: file) }
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

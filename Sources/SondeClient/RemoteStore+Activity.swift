// SPDX-License-Identifier: Apache-2.0
// What spans come to, as a collector tells it.

package import SondeStorage

extension RemoteStore {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        throw .unsupported("this client can't ask for a service graph")
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        throw .unsupported("this client can't ask for activity")
    }
}

// SPDX-License-Identifier: Apache-2.0
// AsyncHTTPClient makes spans of its own wherever a tracer is installed; ours are made around it, and the exporter's
// requests must make none at all.

#if HTTPClient || OTLPExport
    import AsyncHTTPClient

    extension HTTPClient.Configuration {
        /// The default configuration without AsyncHTTPClient's own spans.
        static var untraced: HTTPClient.Configuration {
            var configuration = HTTPClient.Configuration()
            configuration.tracing.tracer = nil
            return configuration
        }
    }
#endif

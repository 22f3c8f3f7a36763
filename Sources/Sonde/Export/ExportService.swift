// SPDX-License-Identifier: Apache-2.0
#if OTLPExport
struct ExportService {
    var telemetry: Telemetry
    var queues: [ExportQueue]
    func run() async {}
}
#endif

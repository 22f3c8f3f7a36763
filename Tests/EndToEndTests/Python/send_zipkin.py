# SPDX-License-Identifier: Apache-2.0
"""Two services that report with py-zipkin as it comes: a gateway calls an order service, which goes on with the
caller's span id, as Zipkin's tracers do. Prints what was made, as JSON.

usage: send_zipkin.py PORT json|protobuf 64|128 [gzip]
"""
import gzip
import json
import sys
import threading
import urllib.request

from py_zipkin import Encoding
from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers
from py_zipkin.transport import SimpleHTTPTransport
from py_zipkin.zipkin import zipkin_client_span, zipkin_server_span, zipkin_span

port = int(sys.argv[1])
encoding = {"json": Encoding.V2_JSON, "protobuf": Encoding.V2_PROTO3}[sys.argv[2]]
is_long = sys.argv[3] == "128"
answers, called = [], []


class CompressingTransport(SimpleHTTPTransport):
    """py-zipkin's own transport does not compress; reporters in other languages do."""

    def send(self, payload):
        body = payload.encode() if isinstance(payload, str) else payload
        path, content_type = self._get_path_content_type(body)
        request = urllib.request.Request(
            f"http://{self.address}:{self.port}{path}", gzip.compress(body),
            {"Content-Type": content_type, "Content-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            answers.append([answer.status, answer.read().decode()])


# Its own transport asserts that the answer is 202.
transport = (CompressingTransport if "gzip" in sys.argv else SimpleHTTPTransport)("127.0.0.1", port)
common = {"transport_handler": transport, "encoding": encoding}


def orders(headers):
    attributes = extract_zipkin_attrs_from_headers(headers)
    with zipkin_server_span(
            service_name="orders", span_name="POST /orders", zipkin_attrs=attributes, port=8081, host="10.0.0.2",
            **common) as server:
        server.update_binary_annotations({"http.status_code": "500", "empty": "", "unicode": "päyment \U0001F600"})
        server.add_annotation("cache miss", timestamp=1544712660.000123)
        try:
            with zipkin_span(service_name="orders", span_name="insert"):
                raise ValueError("no room")
        except ValueError:
            pass
    called.append(attributes.span_id)


with zipkin_server_span(
        service_name="gateway", span_name="GET /", sample_rate=100.0, port=8080, host="10.0.0.1",
        use_128bit_trace_id=is_long, **common) as root:
    with zipkin_client_span(service_name="gateway", span_name="POST") as client:
        client.add_sa_binary_annotation(port=5432, service_name="database", host="fd00::1")
        # A thread of its own: py-zipkin would take one and the same for the caller going on.
        service = threading.Thread(target=orders, args=[create_http_headers()])
        service.start()
        service.join()
    trace = root.zipkin_attrs.trace_id
    top = root.zipkin_attrs.span_id

print(json.dumps({"traceId": trace, "rootId": top, "sharedId": called[0], "answers": answers}))

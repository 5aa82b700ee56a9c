"""Answers GET with the count that is kept in the store."""
import http.server
import socket


class Count(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with socket.create_connection(("store", 6379)) as store:
            store.sendall(b"*2\r\n$3\r\nGET\r\n$5\r\ncount\r\n")
            answer = store.recv(100).decode().split("\r\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("count: %s\n" % answer[1]).encode())


http.server.ThreadingHTTPServer(("", 8080), Count).serve_forever()

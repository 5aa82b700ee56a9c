"""Increments the count in the store, found by its alias, five times."""
import socket
import time

with socket.create_connection(("cache", 6379)) as store:
    for _ in range(5):
        store.sendall(b"*2\r\n$4\r\nINCR\r\n$5\r\ncount\r\n")
        print("counted", store.recv(100).decode().strip(":\r\n"))
time.sleep(3600)

// Command etcd is the database of a Kubernetes cluster. It has a module of its own, because its
// versions of libraries differ from those of the cluster's programs.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }

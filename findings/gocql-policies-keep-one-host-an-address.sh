#!/usr/bin/env bash
# Guess: gocql tells nodes apart by their host id, or by address and port, so that an AddressTranslator may put several behind one address.
# What happens: its host selection policies compare addresses alone. Of nodes behind one address one is ever asked; when any of them goes
# down, that one is out as well: "no hosts available in the pool" while the others serve.
# Version: gocql 1.7.0. Source: HostInfo.Equal in host_source.go; seen with three nodes behind one proxy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOFLAGS=-mod=mod
go mod init try > /dev/null 2>&1
go get github.com/gocql/gocql@v1.7.0 > get.log 2>&1 || { cat get.log; exit 1; }
cat > main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"os"

	"github.com/gocql/gocql"
)

func host(id, address string) *gocql.HostInfo {
	made := &gocql.HostInfo{}
	made.SetConnectAddress(net.ParseIP(address))
	made.SetHostID(id)
	return made
}

func picked(policy gocql.HostSelectionPolicy) int {
	count := 0
	for next := policy.Pick(nil); next() != nil; {
		count++
	}
	return count
}

func try(what, first, second string) (int, int) {
	policy := gocql.RoundRobinHostPolicy()
	a, b := host("a", first), host("b", second)
	policy.AddHost(a)
	policy.AddHost(b)
	both := picked(policy)
	policy.HostDown(b)
	left := picked(policy)
	fmt.Printf("%s: %d of 2 hosts picked, %d after one of them went down\n", what, both, left)
	return both, left
}

func main() {
	fmt.Println("gocql 1.7.0")
	apart, one := try("two addresses", "192.0.2.1", "192.0.2.2")
	shared, none := try("one address", "192.0.2.1", "192.0.2.1")
	if apart != 2 || one != 1 || shared != 1 || none != 0 {
		os.Exit(1)
	}
}
GO
timeout 300 go run .

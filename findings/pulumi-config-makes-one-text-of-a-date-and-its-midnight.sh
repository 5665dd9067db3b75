#!/usr/bin/env bash
# Guess: unquoted values of a stack's config reach the program as they are written, or at least two different values stay different.
# What happens: the bare date 2027-01-31 and the instant 2027-01-31T00:00:00Z arrive as the same text, 17.10 as 17.1, 017 as 15,
# and of the keys 010 and 8 one is left. `pulumi config set` of any other key then writes the file so.
# Version: Pulumi SDK 3.259.0 for Go, by which the CLI of that version reads Pulumi.<stack>.yaml. Source: seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module try

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.259.0

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
MOD
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

const written = `config:
  app:values:
    date: 2027-01-31
    midnight: 2027-01-31T00:00:00Z
    version: 17.10
    code: 017
  app:keys:
    010: a
    8: b
`

func main() {
	project := &workspace.Project{Name: "app"}
	stack, err := workspace.LoadProjectStackBytes(nil, project, []byte(written), "Pulumi.dev.yaml", encoding.YAML)
	if err != nil {
		panic(err)
	}
	decoded, err := stack.Config.Decrypt(config.NopDecrypter)
	if err != nil {
		panic(err)
	}
	values, keys := map[string]any{}, map[string]any{}
	for name, into := range map[string]*map[string]any{"values": &values, "keys": &keys} {
		text := decoded[config.MustMakeKey("app", name)]
		fmt.Println("app:"+name, text)
		if err := json.Unmarshal([]byte(text), into); err != nil {
			panic(err)
		}
	}
	text := func(name string) string { return fmt.Sprint(values[name]) }
	if text("date") != text("midnight") || text("version") != "17.1" || text("code") != "15" || len(keys) != 1 {
		os.Exit(1)
	}
}
GO
echo "Pulumi SDK 3.259.0, $(go version)"
go mod tidy > tidy.log 2>&1 || { cat tidy.log; exit 1; }
go build -o try . && timeout 20 ./try

// Connects with each of Go's clients by the form that a user would paste. The same job, arguments and answers as ../python/clients.py;
// snippets are compiled in, a file each, which the test writes.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"sync"
	"time"
)

const workers = 3

// By "<client>/<label>": what the snippet makes.
var pasted = map[string]func() any{}

type kind struct {
	own   bool
	open  func(form, key string) (any, error)
	write func(opened any, row string) error
	read  func(opened any, start string) ([]string, error)
	close func(opened any)
}

func ctx() context.Context { return context.Background() }

// By client; each engine has a file of them, so that no other engine's packages are compiled.
var kinds = map[string]kind{}

func beginning(all []string, start string) []string {
	found := []string{}
	for _, row := range all {
		if strings.HasPrefix(row, start) {
			found = append(found, row)
		}
	}
	return found
}

var saying sync.Mutex

func say(line map[string]any) {
	saying.Lock()
	defer saying.Unlock()
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func told(err error) string {
	// Some say why only in later lines.
	text := fmt.Sprintf("%T: %s", err, strings.Join(strings.Fields(err.Error()), " "))
	return text[:min(len(text), 300)]
}

func check(client, label, form string) {
	kind, begun := kinds[client], time.Now()
	row := fmt.Sprintf("%s/check-%d", client, rand.Int63())
	answer := make(chan error, 1)
	var ms int64
	go func() {
		opened, err := kind.open(form, client+"/"+label)
		if err == nil {
			err = kind.write(opened, row)
		}
		ms = time.Since(begun).Milliseconds()
		if err == nil {
			var found []string
			found, err = kind.read(opened, row)
			if err == nil && (len(found) != 1 || found[0] != row) {
				err = fmt.Errorf("read %v", found)
			}
		}
		answer <- err
	}()
	var err error
	select {
	case err = <-answer:
	case <-time.After(longest):
		err, ms = fmt.Errorf("nothing within %v", longest), longest.Milliseconds()
	}
	line := map[string]any{"client": client, "label": label, "ok": err == nil, "ms": ms, "error": ""}
	if err != nil {
		line["error"] = told(err)
	}
	say(line)
}

func write(client, form string, ended <-chan struct{}) {
	kind := kinds[client]
	start := fmt.Sprintf("%s/run-%x-", client, rand.Int31())
	var lock, opening sync.Mutex
	acks, errs, rows := []int64{}, [][]any{}, map[string]bool{}
	var shared any
	session := func() (any, error) {
		if kind.own {
			return kind.open(form, client+"/right")
		}
		opening.Lock()
		defer opening.Unlock()
		var err error
		if shared == nil {
			shared, err = kind.open(form, client+"/right")
		}
		return shared, err
	}
	work := func(worker int) {
		var opened any
		for turn := 0; ; turn++ {
			select {
			case <-ended:
				return
			default:
			}
			begun := time.Now().UnixMilli()
			row := fmt.Sprintf("%s%d-%d", start, worker, turn)
			var err error
			if opened == nil {
				opened, err = session()
			}
			if err == nil {
				err = kind.write(opened, row)
			}
			lock.Lock()
			if err == nil {
				acks = append(acks, time.Now().UnixMilli())
				rows[row] = true
				if len(acks) == 1 {
					say(map[string]any{"client": client, "ready": true})
				}
			} else {
				errs = append(errs, []any{begun, time.Now().UnixMilli(), told(err)})
			}
			lock.Unlock()
			if err != nil && kind.own {
				opened = nil
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	var group sync.WaitGroup
	for n := range workers {
		group.Go(func() { work(n) })
	}
	group.Wait()
	missing, twice, unread := []string{}, 0, ""
	opened, err := session()
	var found []string
	if err == nil {
		found, err = kind.read(opened, start)
	}
	if err != nil {
		unread = told(err)
	} else {
		seen := map[string]bool{}
		for _, row := range found {
			if seen[row] {
				twice++
			}
			seen[row] = true
		}
		for row := range rows {
			if !seen[row] {
				missing = append(missing, row)
			}
		}
	}
	say(map[string]any{"client": client, "acks": acks, "errors": errs, "missing": missing, "twice": twice, "unread": unread})
}

var databaseName string

// Of a check.
var longest time.Duration

func main() {
	mode := os.Args[1]
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	var job struct {
		Database string                       `json:"database"`
		Seconds  time.Duration                `json:"seconds"`
		Clients  map[string]map[string]string `json:"clients"`
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&job); err != nil {
		panic(err)
	}
	databaseName, longest = job.Database, job.Seconds*time.Second
	ended := make(chan struct{})
	if mode == "write" {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			close(ended)
		}()
	}
	var group sync.WaitGroup
	for client, forms := range job.Clients {
		if _, known := kinds[client]; !known {
			continue
		}
		if mode == "write" {
			group.Go(func() { write(client, forms["right"], ended) })
			continue
		}
		for label, form := range forms {
			group.Go(func() { check(client, label, form) })
		}
	}
	group.Wait()
}

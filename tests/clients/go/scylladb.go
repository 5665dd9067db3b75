package main

import (
	"github.com/gocql/gocql"
)

func init() {
	kinds["gocql"] = kind{
		open: func(_, key string) (any, error) {
			session, err := pasted[key]().(*gocql.ClusterConfig).CreateSession()
			if err != nil {
				return nil, err
			}
			for _, statement := range []string{
				"CREATE KEYSPACE IF NOT EXISTS written_go WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
				"CREATE TABLE IF NOT EXISTS written_go.rows (id text PRIMARY KEY)",
			} {
				if err := session.Query(statement).Exec(); err != nil {
					return nil, err
				}
			}
			return session, nil
		},
		write: func(opened any, row string) error {
			return opened.(*gocql.Session).Query("INSERT INTO written_go.rows (id) VALUES (?)", row).Exec()
		},
		read: func(opened any, start string) ([]string, error) {
			rows := opened.(*gocql.Session).Query("SELECT id FROM written_go.rows").Iter()
			var all []string
			var id string
			for rows.Scan(&id) {
				all = append(all, id)
			}
			return beginning(all, start), rows.Close()
		},
		close: func(opened any) { opened.(*gocql.Session).Close() },
	}
}

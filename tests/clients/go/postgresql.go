package main

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/lib/pq"
)

func init() {
	kinds["pgx"] = kind{
		open: func(form, _ string) (any, error) { return pgxpool.New(ctx(), form) },
		write: func(opened any, row string) error {
			_, err := opened.(*pgxpool.Pool).Exec(ctx(), "INSERT INTO written (id) VALUES ($1)", row)
			return err
		},
		read: func(opened any, start string) ([]string, error) {
			rows, err := opened.(*pgxpool.Pool).Query(ctx(), "SELECT id FROM written WHERE id LIKE $1", start+"%")
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowTo[string])
		},
		close: func(opened any) { opened.(*pgxpool.Pool).Close() },
	}
	kinds["lib-pq"] = database("postgres", "INSERT INTO written (id) VALUES ($1)", "SELECT id FROM written WHERE id LIKE $1", false)
}

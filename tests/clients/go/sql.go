package main

import (
	"database/sql"
)

func database(driver, insert, query string, compiled bool) kind {
	return kind{
		open: func(form, key string) (any, error) {
			if compiled {
				return pasted[key](), nil
			}
			return sql.Open(driver, form)
		},
		write: func(opened any, row string) error {
			_, err := opened.(*sql.DB).Exec(insert, row)
			return err
		},
		read: func(opened any, start string) ([]string, error) {
			rows, err := opened.(*sql.DB).Query(query, start+"%")
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			var found []string
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					return nil, err
				}
				found = append(found, id)
			}
			return found, rows.Err()
		},
		close: func(opened any) { opened.(*sql.DB).Close() },
	}
}

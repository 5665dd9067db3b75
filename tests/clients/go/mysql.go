package main

func init() {
	kinds["go-sql-driver"] = database("mysql", "INSERT INTO written (id) VALUES (?)", "SELECT id FROM written WHERE id LIKE ?", true)
}

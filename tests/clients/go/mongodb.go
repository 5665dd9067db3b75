package main

import (
	"fmt"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func init() {
	kinds["mongo-go"] = kind{
		open: func(form, _ string) (any, error) {
			return mongo.Connect(options.Client().ApplyURI(form))
		},
		write: func(opened any, row string) error {
			_, err := opened.(*mongo.Client).Database(databaseName).Collection("written").InsertOne(ctx(), bson.M{"_id": row})
			return err
		},
		read: func(opened any, start string) ([]string, error) {
			cursor, err := opened.(*mongo.Client).Database(databaseName).Collection("written").Find(ctx(), bson.M{})
			if err != nil {
				return nil, err
			}
			var rows []bson.M
			if err := cursor.All(ctx(), &rows); err != nil {
				return nil, err
			}
			var all []string
			for _, row := range rows {
				all = append(all, fmt.Sprint(row["_id"]))
			}
			return beginning(all, start), nil
		},
		close: func(opened any) { opened.(*mongo.Client).Disconnect(ctx()) },
	}
}

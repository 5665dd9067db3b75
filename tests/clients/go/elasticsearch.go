package main

import (
	"encoding/json"
	"errors"
	"github.com/elastic/go-elasticsearch/v7"
	"strings"
)

func init() {
	kinds["go-elasticsearch"] = kind{
		open: func(_, key string) (any, error) { return pasted[key](), nil },
		write: func(opened any, row string) error {
			client := opened.(*elasticsearch.Client)
			answer, err := client.Index("written-go", strings.NewReader(`{"row":1}`), client.Index.WithDocumentID(strings.ReplaceAll(row, "/", "_")))
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.IsError() {
				return errors.New(answer.Status())
			}
			return nil
		},
		read: func(opened any, start string) ([]string, error) {
			client := opened.(*elasticsearch.Client)
			if _, err := client.Indices.Refresh(client.Indices.Refresh.WithIndex("written-go")); err != nil {
				return nil, err
			}
			answer, err := client.Search(client.Search.WithIndex("written-go"), client.Search.WithSize(10000))
			if err != nil {
				return nil, err
			}
			defer answer.Body.Close()
			var body struct {
				Hits struct {
					Hits []struct {
						ID string `json:"_id"`
					} `json:"hits"`
				} `json:"hits"`
			}
			if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
				return nil, err
			}
			var all []string
			for _, hit := range body.Hits.Hits {
				all = append(all, strings.Replace(hit.ID, "_", "/", 1))
			}
			return beginning(all, start), nil
		},
		close: func(any) {},
	}
}

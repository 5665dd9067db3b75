package main

import (
	"github.com/redis/go-redis/v9"
)

func init() {
	kinds["go-redis"] = kind{
		open: func(_, key string) (any, error) { return pasted[key](), nil },
		write: func(opened any, row string) error {
			return opened.(*redis.Client).SAdd(ctx(), "written:go-redis", row).Err()
		},
		read: func(opened any, start string) ([]string, error) {
			all, err := opened.(*redis.Client).SMembers(ctx(), "written:go-redis").Result()
			return beginning(all, start), err
		},
		close: func(opened any) { opened.(*redis.Client).Close() },
	}
}

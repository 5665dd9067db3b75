package main

import (
	"errors"
	amqp "github.com/rabbitmq/amqp091-go"
	"time"
)

type channel struct {
	connection *amqp.Connection
	channel    *amqp.Channel
}

func init() {
	kinds["amqp091-go"] = kind{
		own: true,
		open: func(form, _ string) (any, error) {
			connection, err := amqp.Dial(form)
			if err != nil {
				return nil, err
			}
			made, err := connection.Channel()
			if err == nil {
				err = made.Confirm(false)
			}
			if err == nil {
				_, err = made.QueueDeclare("amqp091", true, false, false, false, nil)
			}
			return channel{connection, made}, err
		},
		write: func(opened any, row string) error {
			confirmed, err := opened.(channel).channel.PublishWithDeferredConfirmWithContext(ctx(), "", "amqp091", true, false,
				amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(row)})
			if err != nil {
				return err
			}
			select {
			case <-confirmed.Done():
				if !confirmed.Acked() {
					return errors.New("not confirmed")
				}
				return nil
			case <-time.After(30 * time.Second):
				return errors.New("no confirmation")
			}
		},
		read: func(opened any, start string) ([]string, error) {
			var all []string
			for {
				message, ok, err := opened.(channel).channel.Get("amqp091", true)
				if err != nil || !ok {
					return beginning(all, start), err
				}
				all = append(all, string(message.Body))
			}
		},
		close: func(opened any) { opened.(channel).connection.Close() },
	}
}

// An S3 server in memory that knows one key: `s3 ADDRESS KEY SECRET BUCKET…`.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

func main() {
	address, key, secret, buckets := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	store := s3mem.New()
	for _, bucket := range buckets {
		if err := store.CreateBucket(context.Background(), bucket); err != nil {
			log.Fatal(err)
		}
	}
	keys := map[string]string{key: secret}
	objects := gofakes3.New(store, gofakes3.WithV4Auth(keys), gofakes3.WithTimeSkewLimit(0)).Server()
	log.Fatal(http.ListenAndServe(address, objects))
}

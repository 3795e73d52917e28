// An S3 server in memory that knows one key: `s3 ADDRESS KEY SECRET BUCKET…`.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
	"github.com/rclone/gofakes3/signature"
)

func main() {
	address, key, secret, buckets := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	store := s3mem.New()
	for _, bucket := range buckets {
		if err := store.CreateBucket(context.Background(), bucket); err != nil {
			log.Fatal(err)
		}
	}
	objects := gofakes3.New(store, gofakes3.WithTimeSkewLimit(0)).Server()
	known := func(name string) (string, bool) { return secret, name == key }
	answer := func(w http.ResponseWriter, r *http.Request) {
		if code := signature.V4SignVerifyWithLookup(r, known); code != signature.ErrNone {
			w.WriteHeader(http.StatusForbidden)
			w.Write(signature.EncodeAPIErrorToResponse(signature.GetAPIError(code)))
			return
		}
		// To S3 an empty delimiter is none; the library takes it for one.
		if query := r.URL.Query(); query.Has("delimiter") && query.Get("delimiter") == "" {
			query.Del("delimiter")
			r.URL.RawQuery = query.Encode()
		}
		objects.ServeHTTP(w, r)
	}
	log.Fatal(http.ListenAndServe(address, http.HandlerFunc(answer)))
}

//go:build tools

// Package tests names what the tests of schemas/, proto/ and docs/read-mlmodel.md need of Go.
package tests

import (
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
	_ "google.golang.org/protobuf/proto"
	_ "gopkg.in/yaml.v3"
)

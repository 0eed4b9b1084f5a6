module tests

go 1.25.0

require (
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.6.2
	google.golang.org/protobuf v1.36.12
	gopkg.in/yaml.v3 v3.0.1
)

require golang.org/x/text v0.34.0 // indirect

"""The messages of ONNX, as far as they are looked at, and the types of tensors."""

from __future__ import annotations

from typing import NamedTuple

from mlmodel.trust.graphs.wire import compiled

__all__ = ["FIELDS", "TABLES", "TYPES", "Type"]

#: Message -> number of a field -> its name and kind (of :func:`wire.compiled`).
FIELDS = {
    "Model": {
        1: "ir_version:int", 2: "producer_name:skip", 3: "producer_version:skip", 4: "domain:skip",
        5: "model_version:int", 6: "doc_string:skip", 7: "graph:Graph", 8: "opset_import:Opset*",
        14: "metadata_props:Entry*", 20: "training_info:Training*", 25: "functions:Function*",
        26: "configuration:skip",
    },
    "Opset": {1: "domain:text", 2: "version:int"},
    "Entry": {1: "key:text", 2: "value:text"},
    "Training": {
        1: "initialization:Graph", 2: "algorithm:Graph", 3: "initialization_binding:skip",
        4: "update_binding:skip",
    },
    "Function": {
        1: "name:text", 4: "input:texts", 5: "output:texts", 6: "attribute:texts", 7: "node:Node*",
        8: "doc_string:skip", 9: "opset_import:Opset*", 10: "domain:text",
        11: "attribute_proto:Attribute*", 12: "value_info:skip", 13: "overload:text",
        14: "metadata_props:skip",
    },
    "Graph": {
        1: "node:Node*", 2: "name:skip", 5: "initializer:Tensor*", 10: "doc_string:skip",
        11: "input:Value*", 12: "output:Value*", 13: "value_info:skip",
        14: "quantization_annotation:skip", 15: "sparse_initializer:Sparse*",
        16: "metadata_props:skip",
    },
    "Value": {1: "name:text", 2: "type:ValueType", 3: "doc_string:skip", 4: "metadata_props:skip"},
    "ValueType": {
        1: "tensor_type:TensorType", 4: "sequence_type:ElementType", 5: "map_type:MapType",
        6: "denotation:text", 7: "opaque_type:skip", 8: "sparse_tensor_type:TensorType",
        9: "optional_type:ElementType",
    },
    "TensorType": {1: "elem_type:int", 2: "shape:Shape"},
    "ElementType": {1: "elem_type:ValueType"},
    "MapType": {1: "key_type:int", 2: "value_type:ValueType"},
    "Shape": {1: "dim:Axis*"},
    "Axis": {1: "dim_value:int", 2: "dim_param:text", 3: "denotation:text"},
    "Node": {
        1: "input:texts", 2: "output:texts", 3: "name:skip", 4: "op_type:text",
        5: "attribute:Attribute*", 6: "doc_string:skip", 7: "domain:text", 8: "overload:text",
        9: "metadata_props:skip", 10: "device_configurations:skip",
    },
    "Attribute": {
        1: "name:text", 2: "f:float", 3: "i:int", 4: "s:span", 5: "t:Tensor", 6: "g:Graph",
        7: "floats:floats", 8: "ints:ints", 9: "strings:count", 10: "tensors:Tensor*",
        11: "graphs:Graph*", 13: "doc_string:skip", 14: "tp:skip", 15: "type_protos:skip",
        20: "type:int", 21: "ref_attr_name:text", 22: "sparse_tensor:Sparse",
        23: "sparse_tensors:Sparse*",
    },
    "Tensor": {
        1: "dims:ints", 2: "data_type:int", 3: "segment:span", 4: "float_data:floats",
        5: "int32_data:ints", 6: "string_data:count", 7: "int64_data:ints", 8: "name:text",
        9: "raw_data:span", 10: "double_data:doubles", 11: "uint64_data:ints",
        12: "doc_string:skip", 13: "external_data:Entry*", 14: "data_location:int",
        16: "metadata_props:skip",
    },
    "Sparse": {1: "values:Tensor", 2: "indices:Tensor", 3: "dims:ints"},
}  # fmt: skip
TABLES = compiled(FIELDS)


class Type(NamedTuple):
    """How the elements of a tensor are kept: bits of one, the field for them, numbers for one."""

    bits: int
    field: str
    numbers: int = 1


TYPES: dict[int, Type] = {
    1: Type(32, "float_data"), 6: Type(32, "int32_data"), 7: Type(64, "int64_data"),
    8: Type(0, "string_data"), 11: Type(64, "double_data"), 12: Type(32, "uint64_data"),
    13: Type(64, "uint64_data"), 14: Type(64, "float_data", 2), 15: Type(128, "double_data", 2),
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), Type(8, "int32_data")),
    **dict.fromkeys((4, 5, 10, 16), Type(16, "int32_data")),
    **dict.fromkeys((21, 22, 23), Type(4, "int32_data")),
    **dict.fromkeys((25, 26), Type(2, "int32_data")),
    **dict.fromkeys((27, 28), Type(6, "int32_data")),
}  # fmt: skip

"""What a model of Keras may be made of without trust: classes of Keras, by module and name.

Each was looked at: it computes with what its configuration says, and with nothing else. What takes
functions, reads files or runs code of its own is not here (``REFUSED``); neither is what sets
memory aside by a number that nothing bounds (spectrograms). The tests hold both lists against the
installed Keras, so that a class of a later version is looked at before it loads.
"""

from __future__ import annotations

__all__ = ["ACTIVATIONS", "CLASSES", "DTYPES", "OPERATIONS", "PLAIN", "REFUSED", "is_listed"]

_LAYERS = """
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization Bidirectional
CategoryEncoding CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D
Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D
Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D
DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten GRU
GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup
LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D
MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MixUp MultiHeadAttention Multiply
Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert
RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding
SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN
SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed
UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
_INITIALIZERS = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal
LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal
VarianceScaling Zeros
"""
_DTYPE_POLICIES = """
AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy
QuantizedDTypePolicy QuantizedFloat8DTypePolicy
"""
_QUANTIZERS = """
AbsMaxQuantizer Float8QuantizationConfig Int4QuantizationConfig Int8QuantizationConfig
"""
#: Operations on tensors, which are steps of models that were written with functions.
_OF_NUMPY = """
Abs Absolute Add All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh
Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit Average Bincount
BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor
BroadcastTo Cbrt Ceil Clip Concatenate Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero
Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot Dsplit
Dstack Einsum EmptyLike Equal Exp Exp2 ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor FloorDivide
Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater GreaterEqual Heaviside Histogram Hsplit
Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp
LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot
LogicalOr LogicalXor Logspace Matmul Max Maximum Mean Median Meshgrid Min Minimum Mod Moveaxis
Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin
Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero NotEqual
OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape
RightShift Roll Rot90 Round SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split
Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace
Transpose Trapezoid Tril Triu TrueDivide Trunc Unique UnravelIndex Vander Var Vdot View Vsplit
Vstack Where ZerosLike
"""
_OF_NN = """
AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CTCDecode CTCLoss
CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu
Fold Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax
MaxPool Moments MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid
Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus
SparseSigmoid Sparsemax Squareplus TanhShrink Threshold Unfold
"""
_OF_MATH = """
CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt
STFT SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum TopK ViewAsComplex ViewAsReal
"""
_OF_IMAGE = """
AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates
PadImages PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges
"""
_OF_LINALG = """
Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve
SolveTriangular
"""
_OF_CORE = """
Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack
"""

_WITH_FUNCTIONS = "AssociativeScan Cond ForiLoop JVP Map Scan Switch VectorizedMap WhileLoop"

OPERATIONS: dict[str, frozenset[str]] = {
    f"keras.src.ops.{module}": frozenset(names.split())
    for module, names in {
        "numpy": _OF_NUMPY, "nn": _OF_NN, "math": _OF_MATH, "image": _OF_IMAGE,
        "linalg": _OF_LINALG, "core": _OF_CORE, "einops": "Rearrange",
    }.items()
}  # fmt: skip

#: Module, as a configuration has it -> the names of its classes that load.
CLASSES: dict[str, frozenset[str]] = {
    "keras": frozenset(("Sequential", "Model", "DTypePolicy", "FloatDTypePolicy")),
    "keras.layers": frozenset(_LAYERS.split()),
    "keras.initializers": frozenset(_INITIALIZERS.split()),
    "keras.regularizers": frozenset(("L1", "L1L2", "L2", "OrthogonalRegularizer")),
    "keras.constraints": frozenset(("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")),
    "keras.dtype_policies": frozenset(_DTYPE_POLICIES.split()),
    "keras.quantizers": frozenset(_QUANTIZERS.split()),
    "keras.models": frozenset(("Sequential", "Model")),
    "keras.random": frozenset(("SeedGenerator",)),
    "keras.src.models.functional": frozenset(("Functional",)),
    "keras.src.models.sequential": frozenset(("Sequential",)),
    "keras.src.random.seed_generator": frozenset(("SeedGenerator",)),
    **OPERATIONS,
}
#: Names that stand without a module, as in HDF5 files and in files of Keras 2.
_BARE = frozenset.union(*CLASSES.values())
#: Functions that a configuration names.
_ACTIVATIONS = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
"""
ACTIVATIONS = frozenset(_ACTIVATIONS.split())
#: Classes of Keras that were looked at and are not listed, by what makes them another thing.
REFUSED: dict[str, frozenset[str]] = {
    "runs code of its own": frozenset(("Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")),
    "reads files": frozenset(("TFSMLayer",)),
    "takes functions": frozenset(_WITH_FUNCTIONS.split()),
    "sets memory aside that nothing bounds": frozenset(
        ("MelSpectrogram", "STFTSpectrogram", "STFT", "STFTInitializer")
    ),
    "is a base, and no layer by itself": frozenset(("Layer", "Wrapper", "InputSpec")),
    "trains": frozenset(("AWQConfig", "GPTQConfig", "QuantizationConfig", "Quantizer")),
}
#: What is no class of Keras, but a value.
PLAIN = frozenset((
    "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__",
    "__tuple__",
))  # fmt: skip
#: The dtypes of such values.
DTYPES = frozenset((
    "bool", "bfloat16", "float16", "float32", "float64", "string", "complex64", "complex128",
    *(f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64)),
))  # fmt: skip


def is_listed(module: object, name: str) -> bool:
    """Return whether a class of this name, in this module or in none, loads without trust."""
    return name in (_BARE if module is None else CLASSES.get(str(module), ()))

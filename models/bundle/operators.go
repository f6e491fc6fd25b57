package bundle

import "strings"

// operators are what a model may be made of, by domain: the classical models of ai.onnx.ml, and from ai.onnx what their converters,
// small networks and text vectorizers need. Nothing here loops, draws random numbers, reads strings from outside or calls other code.
var operators = map[string]map[string]bool{
	"ai.onnx.ml": set(`
		ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor
		Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor`),
	"ai.onnx": set(`
		Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Clip Concat Constant ConstantOfShape Conv
		CumSum Div Dropout Equal Erf Exp Expand Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
		GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LSTM LayerNormalization LeakyRelu Less
		LessOrEqual Log LogSoftmax LpNormalization MatMul Max MaxPool Mean Min Mod Mul Neg Not OneHot Or PRelu Pad Pow
		Reciprocal ReduceL1 ReduceL2 ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
		Reshape Round ScatterElements Selu Shape Sigmoid Sign Size Slice Softmax Softplus Sqrt Squeeze Sub Sum Swish Tanh
		TfIdfVectorizer Tile TopK Transpose Trilu Unsqueeze Where Xor`),
}

func set(names string) map[string]bool {
	s := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		s[name] = true
	}
	return s
}

"""The types in model files that are trusted besides those of skops' own list.

Ordinary scikit-learn models hold them, and skops leaves them to the caller. Each is a container of numbers or of other
checked values, or a function that only computes with what it is given; none runs text, opens files or starts processes.
Types whose compiled code follows indices without looking are here because ``structures`` checks them before they are
built. Names are listed one by one, never by module, so that a new release of a library adds nothing by itself.
"""

from __future__ import annotations

from mlops_tui.registry.structures import CHECKED


def _names(module: str, words: str) -> list[str]:
    return [f"{module}.{word}" for word in words.split()]


TRUSTED: tuple[str, ...] = (
    *CHECKED,
    *_names("numpy", "dtype mean median"),
    # calls one of the functions here, never another: what it wraps is checked like everything else
    "functools.partial",
    *_names("sklearn._loss.loss", "HalfTweedieLoss HalfTweedieLossIdentity"),
    *_names("sklearn.calibration", "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling"),
    *_names("sklearn.cluster._bisect_k_means", "_BisectingTree"),
    *_names("sklearn.compose._column_transformer", "make_column_selector _RemainderColsList"),
    *_names("sklearn.feature_selection._mutual_info", "mutual_info_classif mutual_info_regression"),
    *_names("sklearn.feature_selection._univariate_selection", "f_classif f_oneway f_regression r_regression chi2"),
    *_names("sklearn.gaussian_process._gpc", "_BinaryGaussianProcessClassifierLaplace"),
    *_names(
        "sklearn.gaussian_process.kernels",
        "CompoundKernel ConstantKernel WhiteKernel RBF Matern RationalQuadratic ExpSineSquared DotProduct Sum Product "
        "Exponentiation Hyperparameter",
    ),
    *_names(
        "sklearn.metrics._classification",
        "accuracy_score balanced_accuracy_score brier_score_loss cohen_kappa_score f1_score fbeta_score jaccard_score "
        "log_loss matthews_corrcoef precision_score recall_score",
    ),
    *_names("sklearn.metrics._dist_metrics", "EuclideanDistance64 ManhattanDistance64 ChebyshevDistance64"),
    *_names("sklearn.metrics._ranking", "average_precision_score roc_auc_score top_k_accuracy_score"),
    *_names(
        "sklearn.metrics._regression",
        "explained_variance_score max_error mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance "
        "mean_pinball_loss mean_poisson_deviance mean_squared_error mean_squared_log_error mean_tweedie_deviance "
        "median_absolute_error r2_score root_mean_squared_error root_mean_squared_log_error",
    ),
    *_names("sklearn.metrics._scorer", "_Scorer _PassthroughScorer _CurveScorer"),
    *_names(
        "sklearn.model_selection._split",
        "KFold StratifiedKFold GroupKFold StratifiedGroupKFold RepeatedKFold RepeatedStratifiedKFold TimeSeriesSplit "
        "ShuffleSplit StratifiedShuffleSplit",
    ),
    *_names("sklearn.neural_network._stochastic_optimizers", "AdamOptimizer SGDOptimizer"),
    *_names("sklearn.utils._bunch", "Bunch"),
    *_names("sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest"),
    *_names("sklearn.utils.validation", "check_array"),
)

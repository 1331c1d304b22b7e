// The tables of parts: one line of a table makes a part's number, its name and its case in every switch.
//
//     X(name in the blueprint, its struct)      LAMINA_RULES also says how many arrays of memory a rule keeps, and how
//                                               it moves hidden matrices: each number by itself, or whole (whole.hpp)
//
// The structs of activations and losses stand in activations.hpp and losses.hpp, those of rules in optimisers.hpp,
// those of layers in layers.hpp and the files that every_layer.hpp includes.
#pragma once

namespace lamina {

#define LAMINA_ACTIVATIONS(X)                                                                                          \
    X(identity, Identity)                                                                                              \
    X(sigmoid, Sigmoid)                                                                                                \
    X(tanh, Tanh)                                                                                                      \
    X(relu, Relu)                                                                                                      \
    X(leaky_relu, LeakyRelu)                                                                                           \
    X(elu, Elu)                                                                                                        \
    X(selu, Selu)                                                                                                      \
    X(gelu, Gelu)                                                                                                      \
    X(silu, Silu)                                                                                                      \
    X(mish, Mish)                                                                                                      \
    X(softplus, Softplus)                                                                                              \
    X(hard_swish, HardSwish)

#define LAMINA_LOSSES(X)                                                                                               \
    X(binary_log_loss, BinaryLogLoss)                                                                                  \
    X(categorical_log_loss, CategoricalLogLoss)                                                                        \
    X(squared_error, SquaredError)                                                                                     \
    X(absolute_error, AbsoluteError)                                                                                   \
    X(huber, Huber)                                                                                                    \
    X(quantile, Quantile)                                                                                              \
    X(poisson, Poisson)                                                                                                \
    X(gamma, Gamma)

#define LAMINA_RULES(X)                                                                                                \
    X(gradient_descent, GradientDescent, 0, each)                                                                      \
    X(momentum, Momentum, 1, each)                                                                                     \
    X(nesterov, Nesterov, 1, each)                                                                                     \
    X(rmsprop, RMSProp, 1, each)                                                                                       \
    X(adam, Adam, 2, each)                                                                                             \
    X(adamw, Adam, 2, each)                                                                                            \
    X(lion, Lion, 1, each)                                                                                             \
    X(muon, Adam, 2, whole)

#define LAMINA_LAYERS(X)                                                                                               \
    X(linear, Linear)                                                                                                  \
    X(rounded_linear, RoundedLinear)                                                                                   \
    X(activation, Activation)                                                                                          \
    X(dropout, Dropout)                                                                                                \
    X(layer_norm, LayerNorm)                                                                                           \
    X(batch_norm, BatchNorm)                                                                                           \
    X(scale, Scale)                                                                                                    \
    X(parametric_activation, ParametricActivation)                                                                     \
    X(embedding, Embedding)                                                                                            \
    X(periodic, Periodic)                                                                                              \
    X(member_scale, MemberScale)                                                                                       \
    X(member_choice, MemberChoice)                                                                                     \
    X(residual, Residual)

// Elementary functions that the tests may call: X(name, its value for a register v of T).
#define LAMINA_ELEMENTARY(X)                                                                                           \
    X(exp, exp<T>(v))                                                                                                  \
    X(expm1, expm1<T>(v))                                                                                              \
    X(log, log<T>(v))                                                                                                  \
    X(tanh, tanh<T>(v))                                                                                                \
    X(erf, erf<T>(v))                                                                                                  \
    X(sigmoid, Sigmoid<T>::g(v))                                                                                       \
    X(softplus, Softplus<T>::g(v))                                                                                     \
    X(sin, Turned<T>(v).sin())                                                                                         \
    X(cos, Turned<T>(v).cos())

#define LAMINA_NUMBER(name, ...) name,
#define LAMINA_NAME(name, ...) #name,

enum class Function { LAMINA_ACTIVATIONS(LAMINA_NUMBER) };
enum class Loss { LAMINA_LOSSES(LAMINA_NUMBER) };
enum class Rule { LAMINA_RULES(LAMINA_NUMBER) };
enum class Kind { LAMINA_LAYERS(LAMINA_NUMBER) };
enum class Elementary { LAMINA_ELEMENTARY(LAMINA_NUMBER) };

inline constexpr const char* function_names[] = {LAMINA_ACTIVATIONS(LAMINA_NAME)};
inline constexpr const char* loss_names[] = {LAMINA_LOSSES(LAMINA_NAME)};
inline constexpr const char* rule_names[] = {LAMINA_RULES(LAMINA_NAME)};
inline constexpr const char* kind_names[] = {LAMINA_LAYERS(LAMINA_NAME)};
inline constexpr const char* elementary_names[] = {LAMINA_ELEMENTARY(LAMINA_NAME)};

#define LAMINA_MEMORIES(name, rule, memories, matrices) memories,
#define LAMINA_MATRICES(name, rule, memories, matrices) Matrices::matrices,
enum class Matrices { each, whole };
inline constexpr int memories_of[] = {LAMINA_RULES(LAMINA_MEMORIES)};
inline constexpr Matrices matrices_of[] = {LAMINA_RULES(LAMINA_MATRICES)};

} // namespace lamina

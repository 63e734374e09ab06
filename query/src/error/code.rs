//! The list of error codes.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal,)+) => {
        /// What went wrong. Q01xx: text and syntax; Q02xx: names; Q03xx: types and plans; Q04xx: values
        /// met while
        /// evaluating; Q05xx: limits. A code is never given another meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name = $number,)+
        }

        impl ErrorCode {
            /// Every code, in order.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)+];
        }
    };
}

codes! {
    /// A character that starts no token.
    UnexpectedCharacter = 101,
    /// A string without its closing quote.
    UnterminatedString = 102,
    /// A quoted identifier without its closing quote, or an empty one.
    UnterminatedIdentifier = 103,
    /// A block comment without its end.
    UnterminatedComment = 104,
    /// A number that is malformed or beyond DOUBLE.
    InvalidNumber = 105,
    /// A token that cannot stand here.
    UnexpectedToken = 106,
    /// The text ends too early.
    UnexpectedEnd = 107,
    /// Two styles of parameters in one statement.
    MixedParameters = 108,
    /// A parameter such as `$0`.
    InvalidParameter = 109,
    /// Text without a statement.
    EmptyStatement = 110,
    /// More than one statement where one is expected.
    SeveralStatements = 111,
    /// SQL that this version of the language does not have.
    NotSupported = 112,
    /// A typed literal whose text does not fit the type.
    InvalidLiteral = 113,
    /// A reserved word where a name is expected.
    ReservedWord = 114,
    /// A clause, option, column or name that is given twice.
    Duplicate = 115,
    /// A metric that does not exist, or its cut is missing.
    UnknownMetric = 116,
    /// A type that does not exist, or its arguments are wrong.
    UnknownType = 117,
    /// A parameter in a statement that stores its text.
    ParameterNotAllowed = 118,

    /// No table of this name.
    UnknownTable = 201,
    /// No model of this name.
    UnknownModel = 202,
    /// No auxiliary of this name.
    UnknownAuxiliary = 203,
    /// No index of this name.
    UnknownIndex = 204,
    /// No classifier of this name.
    UnknownClassifier = 205,
    /// No pipeline of this name.
    UnknownPipeline = 206,
    /// No column of this name.
    UnknownColumn = 207,
    /// A column name that several inputs have.
    AmbiguousColumn = 208,
    /// No function of this name.
    UnknownFunction = 209,
    /// No stage of this name in the pipeline.
    UnknownStage = 210,
    /// No option of this name here.
    UnknownOption = 211,
    /// No setting of this name.
    UnknownSetting = 212,
    /// No object of any kind of this name.
    UnknownObject = 213,
    /// The name is in use.
    AlreadyExists = 214,
    /// An object of another table.
    WrongTable = 215,
    /// No fusion of this name.
    UnknownFusion = 216,

    /// A value of another type is needed.
    TypeMismatch = 301,
    /// A function with too few or too many arguments.
    ArgumentCount = 302,
    /// Vectors of different dimensions.
    DimensionMismatch = 303,
    /// A constant is needed.
    NotConstant = 304,
    /// An aggregate where none may stand.
    MisplacedAggregate = 305,
    /// A column that is neither grouped nor aggregated.
    NotGrouped = 306,
    /// A predicate on scores in WHERE.
    ScoreInWhere = 307,
    /// A score, rank or stage column where no search gives one.
    MisplacedScore = 308,
    /// Stages in an order that cannot work.
    StageOrder = 309,
    /// Two stages of one name.
    DuplicateStage = 310,
    /// A stage that would keep more labels than the one before it yields.
    WindowGrows = 311,
    /// A LIMIT or OFFSET that is negative, fractional or too large.
    InvalidLimit = 312,
    /// An option with a value out of its range.
    InvalidOption = 313,
    /// Rows with another number of values than columns.
    ColumnCount = 314,
    /// A write to a generated column.
    GeneratedColumn = 315,
    /// A missing, repeated or unsuitable primary key.
    PrimaryKey = 316,
    /// NULL for a NOT NULL column.
    NotNull = 317,
    /// An index of a method that this stage cannot use.
    WrongMethod = 318,
    /// A generated column that is not an embedding.
    InvalidGenerated = 319,
    /// A file that cannot be opened or understood.
    UnreadableFile = 320,
    /// A form of a statement that has no plan.
    NoPlan = 321,

    /// A number beyond its type.
    Overflow = 401,
    /// Division or modulo by zero.
    DivisionByZero = 402,
    /// A value that cannot be cast.
    InvalidCast = 403,
    /// An argument outside the function's domain.
    InvalidArgument = 404,
    /// A parameter without a value, or with one too many.
    UnboundParameter = 405,

    /// The text of the statement is too long.
    StatementTooLong = 501,
    /// Too many tokens.
    TooManyTokens = 502,
    /// Nested too deep.
    TooDeep = 503,
    /// A list is too long.
    ListTooLong = 504,
    /// Too many stages.
    TooManyStages = 505,
    /// An identifier is too long.
    IdentifierTooLong = 506,
    /// Too many parameters.
    TooManyParameters = 507,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Q{:04}", *self as u16)
    }
}

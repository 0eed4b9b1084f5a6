# Requirements of pip: the lines of a file, and what is wrong with one (ENV-008 to ENV-012, ENV-023, ENV-027).

longest_requirement <- 65536L
package_name <- "(?>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
# A version is an epoch and a number, and what may follow them.
requirement_parts <- local({
  number <- "v?(?:[0-9]+!)?[0-9]+"
  after <- "(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
  dev <- "(?:[-_.]?dev[-_.]?[0-9]*)?"
  own <- "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?"
  c(
    clause = paste0(
      "(?i:===\\s*[^\\s;),]+|~=\\s*", number, "(?:\\.[0-9]+)+", after, dev, "|(?:==|!=)\\s*", number, "(?:\\.[0-9]+)*", after,
      "(?:\\.\\*|", dev, own, ")|(?:<=|>=|<|>)\\s*", number, "(?:\\.[0-9]+)*", after, dev, ")"
    ),
    clauses = "(?&clause)(?:\\s*,\\s*(?&clause))*+(?:\\s*,)?",
    operand = paste0(
      "(?:python_version|python_full_version|os[._]name|sys[._]platform|platform_(?:release|system)",
      "|platform[._](?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)",
      "|extras?|dependency_groups)\\b|'[^']*+'|\"[^\"]*+\""
    ),
    comparison = "(?&operand)\\s*(?:===|==|~=|!=|<=|>=|<|>|\\bin\\b|\\bnot\\s+in\\b)\\s*(?&operand)",
    item = "\\s*(?:\\((?&marker)\\)|(?&comparison))\\s*",
    marker = "(?&item)(?:(?:and|or)\\b(?&item))*+"
  )
})
requirement_form <- paste0(
  "(?(DEFINE)", paste0("(?<", names(requirement_parts), ">", requirement_parts, ")", collapse = ""), ")",
  "^", package_name, "\\s*(?:\\[\\s*(?:", package_name, "(?:\\s*,\\s*", package_name, ")*)?\\s*\\])?\\s*",
  "(?:@\\s*[^ \\t]+(?:\\s+;(?&marker))?|(?:\\(\\s*(?&clauses)?\\s*\\)|(?&clauses)?)\\s*(?:;(?&marker))?)\\z"
)
# What pip alone knows: options, paths, addresses.
pip_forms <- c(
  elsewhere = "^(?:-|\\.{0,2}[/\\\\]|[A-Za-z]:[/\\\\]|[A-Za-z][A-Za-z0-9+.-]*:)",
  path = "[/\\\\]|\\.(?:whl|zip|tar\\.gz)\\z",
  names_file = "^(?:-r|--requirement\\b|-c|--constraint\\b)\\s*+=?\\s*+(\\S.*)\\z",
  of_this_machine = paste0(
    "^(?:(?:(?:-e|--editable)[\\s=]*+)?(?:file:|\\.{0,2}[/\\\\]|\\.{1,2}\\z|[A-Za-z]:[/\\\\]|[^\\s:@]+\\.(?:whl|zip|tar\\.gz)\\z",
    "|[^\\s:@=]+[/\\\\])|[^@]+@\\s*file:)"
  )
)
# The channel of Anaconda, by its name and its addresses (ENV-005).
defaults_form <- "^\\s*(?:defaults|(?:https?://)?repo\\.anaconda\\.com(?:/.*)?|pkgs/(?:main|r|msys2|free))\\s*\\z"
# Passwords and tokens in addresses; what stands for a variable is none.
secret_forms <- c(
  "(?i)((?:https?|ftp|s3)://)(?!\\$\\{)[^\\s/@'\"]+(?<!\\})@()",
  "(://)(?!\\$\\{)[^\\s/@:'\"]+:(?!\\$\\{)[^\\s/@'\"]+@()",
  "(?i)([?&](?:[\\w-]*(?:token|secret|password|passwd|signature|api[_-]?key)|sig|pwd)=)(?!\\$\\{)[^\\s&#'\"]+()"
)
secret_in_path <- "(/t/)(?!\\$\\{)[^/]+(?=/|\\z)"

has_form <- function(form, text) isTRUE(suppressWarnings(grepl(form, text, perl = TRUE)))

# A text in which a sign stands for each password or token of an address.
masked <- function(text) {
  if (!grepl("://", text, fixed = TRUE)) return(text)
  for (i in seq_along(secret_forms)) text <- gsub(secret_forms[i], if (i < 3L) "\\1\u2026@" else "\\1\u2026", text, perl = TRUE)
  found <- gregexpr("[^\\s'\"]+", text, perl = TRUE)
  regmatches(text, found) <- lapply(regmatches(text, found), masked_paths)
  text
}

# Words in which a sign stands for each token in the path of an address: what follows /t/.
masked_paths <- function(words) {
  at <- regexpr("://", words, fixed = TRUE)
  path <- gsub(secret_in_path, "\\1\u2026", substring(words, at + 3L), perl = TRUE)
  ifelse(at > 0L, paste0(substr(words, 1L, at + 2L), path), words)
}

# The requirements of a text, each with the number of the line on which it ends: continued lines are joined.
requirement_lines <- function(text) {
  written <- strsplit(gsub("\r\n|[\r\v\f\u001c-\u001e\u0085\u2028\u2029]", "\n", text), "\n", fixed = TRUE)[[1L]]
  if (!length(written)) return(list(texts = character(), numbers = integer()))
  bare <- trimws(sub("(?:^|\\s)#.*$", "", written, perl = TRUE))
  goes_on <- endsWith(bare, "\\")
  bare[goes_on] <- substr(bare[goes_on], 1L, nchar(bare[goes_on]) - 1L)
  # Each line belongs to the requirement that ends at the next one which does not go on.
  ends <- cumsum(c(FALSE, !goes_on[-length(goes_on)]))
  texts <- vapply(split(bare, ends), paste, "", collapse = "")
  numbers <- as.integer(tapply(seq_along(bare), ends, max))
  is_one <- nzchar(texts) & !goes_on[numbers]
  list(texts = unname(texts[is_one]), numbers = numbers[is_one])
}

# What keeps a line from being a requirement; NULL for one, and for what is pip's business.
wrong_requirement <- function(line) {
  line <- trimws(line)
  if (nchar(line) > longest_requirement) return("has more than 65,536 characters (ENV-027)")
  bare <- sub("\\s--.*", "", line, perl = TRUE)
  if (!nzchar(bare) || has_form(pip_forms[["elsewhere"]], bare) || has_form(requirement_form, bare)) return(NULL)
  if (has_form(pip_forms[["path"]], bare) && !grepl("@", bare, fixed = TRUE)) return(NULL)
  paste0("'", shown(bare), "' is no requirement that pip understands")
}

# The file that a line names (-r, -c); NULL for another line.
file_in_requirement <- function(line) {
  found <- regmatches(line, regexec(pip_forms[["names_file"]], line, perl = TRUE))[[1L]]
  if (length(found)) trimws(found[2L])
}

# What is said of one line: rule, severity and why, for each.
about_requirement <- function(written, rule, root) {
  if (nchar(written) > longest_requirement) return(list(list(rule = rule, severity = "error", why = wrong_requirement(written))))
  line <- masked(written)
  found <- if (line != written) list(list(rule = "ENV-023", severity = "warning", why = secret_told(line)))
  wrong <- wrong_requirement(line)
  named <- file_in_requirement(line)
  said <- paste0("'", shown(line), "'")
  more <- if (!is.null(wrong)) list(rule = rule, severity = "error", why = wrong)
    else if (!is.null(named)) {
      is_absent <- !grepl("://", named, fixed = TRUE) && !is_file(place_in(root, named))
      if (is_absent) list(rule = "ENV-011", severity = "warning", why = paste(said, "names a file that is not in the model's folder"))
    } else if (has_form(pip_forms[["of_this_machine"]], line))
      list(rule = "ENV-012", severity = "warning", why = paste(said, "is a path, which means nothing on another machine"))
  if (is.null(more)) found else c(found, list(more))
}

secret_told <- function(line) {
  paste0("'", shown(line, 120L), "' holds a password or token, which whoever has the model has, too: take it out, revoke it, and name a ",
         "variable in its place, or keep it in the configuration of pip or conda")
}

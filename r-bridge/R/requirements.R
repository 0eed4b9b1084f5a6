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

has_form <- function(form, texts) suppressWarnings(grepl(form, texts, perl = TRUE)) %in% TRUE

# Texts in which a sign stands for each password or token of an address.
masked <- function(texts) {
  at <- which(grepl("://", texts, fixed = TRUE))
  there <- texts[at]
  for (i in seq_along(secret_forms)) there <- gsub(secret_forms[i], if (i < 3L) "\\1\u2026@" else "\\1\u2026", there, perl = TRUE)
  found <- gregexpr("[^\\s'\"]+", there, perl = TRUE)
  regmatches(there, found) <- lapply(regmatches(there, found), masked_paths)
  texts[at] <- there
  texts
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
  numbers <- which(!goes_on | seq_along(bare) == length(bare))
  belongs <- cumsum(c(TRUE, !goes_on[-length(goes_on)]))
  texts <- bare[numbers]
  is_part <- belongs %in% belongs[goes_on]
  joined <- vapply(split(bare[is_part], belongs[is_part]), paste, "", collapse = "")
  texts[as.integer(names(joined))] <- joined
  is_one <- nzchar(texts) & !goes_on[numbers]
  list(texts = texts[is_one], numbers = numbers[is_one])
}

# What keeps lines from being requirements; NA for one, and for what is pip's business.
wrong_requirements <- function(lines) {
  lines <- trimws(lines)
  wrong <- rep(NA_character_, length(lines))
  is_long <- nchar(lines) > longest_requirement
  wrong[is_long] <- "has more than 65,536 characters (ENV-027)"
  bare <- sub("\\s--.*", "", lines[!is_long], perl = TRUE)
  is_path <- has_form(pip_forms[["path"]], bare) & !grepl("@", bare, fixed = TRUE)
  is_right <- !nzchar(bare) | is_path | has_form(pip_forms[["elsewhere"]], bare) | has_form(requirement_form, bare)
  wrong[!is_long][!is_right] <- paste0("'", shown(bare[!is_right]), "' is no requirement that pip understands", recycle0 = TRUE)
  wrong
}

# The files that lines name (-r, -c); NA for other lines.
files_in_requirements <- function(lines) {
  form <- pip_forms[["names_file"]]
  names <- rep(NA_character_, length(lines))
  at <- which(has_form(form, lines))
  names[at] <- trimws(sub(form, "\\1", lines[at], perl = TRUE))
  names
}

# What is said of lines: for each a list of what has rule, severity and why. The forms are asked of all lines at once,
# since to make one ready takes longer than to look for it; and of each line that stands more than once but once.
about_requirements <- function(written, rule, root) {
  lines <- unique(written)
  told <- rep(list(list()), length(lines))
  say <- function(at, rule, severity, why) {
    told[at] <<- Map(function(before, why) c(before, list(list(rule = rule, severity = severity, why = why))), told[at], why)
  }
  is_long <- nchar(lines) > longest_requirement
  # What is longer may be nothing but a secret.
  shorter <- masked(ifelse(is_long, "", lines))
  is_secret <- !is_long & shorter != lines
  say(which(is_secret), "ENV-023", "warning", secret_told(shorter[is_secret]))
  wrong <- wrong_requirements(ifelse(is_long, lines, shorter))
  is_wrong <- !is.na(wrong)
  say(which(is_wrong), rule, "error", wrong[is_wrong])
  named <- files_in_requirements(shorter)
  is_named <- !is_wrong & !is.na(named)
  said <- function(at, what) paste0("'", shown(shorter[at]), "' ", what, recycle0 = TRUE)
  absent <- which(is_named & !grepl("://", named, fixed = TRUE))
  absent <- absent[!vapply(named[absent], function(name) is_file(place_in(root, name)), NA)]
  say(absent, "ENV-011", "warning", said(absent, "names a file that is not in the model's folder"))
  paths <- which(!is_wrong & !is_named & has_form(pip_forms[["of_this_machine"]], shorter))
  say(paths, "ENV-012", "warning", said(paths, "is a path, which means nothing on another machine"))
  told[match(written, lines)]
}

secret_told <- function(lines) {
  paste0("'", shown(lines, 120L), "' holds a password or token, which whoever has the model has, too: take it out, revoke it, and name a ",
         "variable in its place, or keep it in the configuration of pip or conda", recycle0 = TRUE)
}

# lint.NAME: tools/lint/NAME.py over the source tree. One that cannot look (its program is missing) says so and
# is skipped; under CI it fails.
function(add_lint name)
  add_test(NAME lint.${name} COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tools/lint/${name}.py ${PROJECT_SOURCE_DIR})
  set_tests_properties(lint.${name} PROPERTIES LABELS lint SKIP_RETURN_CODE 77)
endfunction()

foreach(lint layers format words shell help)
  add_lint(${lint})
endforeach()

# Help texts: src/cli/NAME.md is the single source of `gg NAME --help` and of the manual page.
# target_help_texts(cli): generates cli_help.cc (cli::help_text, declared in src/cli/help.hh) into the target.
# Run as a script (cmake -DOUTPUT=... -DFOLDER=... -P Help.cmake) this file writes that source.

if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB texts ${FOLDER}/*.md)
  list(SORT texts)
  set(source "#include \"cli/help.hh\"\n\nstd::string_view cli::help_text(std::string_view command) {\n")
  foreach(text IN LISTS texts)
    get_filename_component(name "${text}" NAME_WE)
    file(READ "${text}" content)
    string(APPEND source "  if (command == \"${name}\") {\n    return R\"help(${content})help\";\n  }\n")
  endforeach()
  string(APPEND source "  return {};\n}\n")
  file(WRITE "${OUTPUT}" "${source}")
  return()
endif()

set(help_script ${CMAKE_CURRENT_LIST_FILE})

function(target_help_texts target)
  set(folder ${PROJECT_SOURCE_DIR}/src/cli)
  file(GLOB texts CONFIGURE_DEPENDS ${folder}/*.md)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/cli_help.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${folder} -P ${help_script}
    DEPENDS ${texts} ${help_script} COMMENT "help texts" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

# cmake --build … --target man: manual pages below <build>/man.
add_custom_target(man COMMAND ${PROJECT_SOURCE_DIR}/tools/make-man ${PROJECT_BINARY_DIR}/man VERBATIM)

# Compiles the handlers of daemon/handlers/README.md into the unit tests, and the test of one of them from
# tests/README.md, exactly as they stand there: a page's C++ blocks become these files of the build tree.
function(compile_blocks_of readme)
  get_filename_component(path ${PROJECT_SOURCE_DIR}/${readme} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} rest)
  foreach(name ${ARGN})
    string(FIND "${rest}" "\n```cpp\n" start)
    if(start EQUAL -1)
      message(FATAL_ERROR "${path} has no C++ block for ${name}")
    endif()
    math(EXPR start "${start} + 8")
    string(SUBSTRING "${rest}" ${start} -1 rest)
    string(FIND "${rest}" "\n```\n" end)
    string(SUBSTRING "${rest}" 0 ${end} code)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/handler_readme/${name})
    file(CONFIGURE OUTPUT ${source} CONTENT "${code}\n" @ONLY)
    target_sources(unit_tests PRIVATE ${source})
    # Other names, so that whoever adds one of the page's handlers to the registry tests their own.
    set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON COMPILE_DEFINITIONS
      "greet_handler=greet_of_readme_handler;later_handler=later_of_readme_handler;primes_handler=primes_of_readme_handler;news_handler=news_of_readme_handler;visits_handler=visits_of_readme_handler")
  endforeach()
endfunction()

compile_blocks_of(daemon/handlers/README.md greet.cpp later.cpp primes.cpp visits.cpp news.cpp)
compile_blocks_of(tests/README.md greet_page_test.cpp)
